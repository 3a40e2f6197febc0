/**
 * Hyper-V disks, dynamic and fixed (MS-VHDX, version 8.0; block/vhdx.c of qemu 7.2). Refused are
 * parents, and a log: it would be replayed on opening, and so change what was inspected.
 */
import { toNumber, type FormatParser, type FormatReport } from '../format-parser.ts';
import type { ImageLimits } from '../limits.ts';
import type { Reader } from '../reader.ts';
import { judgeTable } from '../table.ts';
import { judge, type Violation, type ViolationCode } from '../violation.ts';
import {
  readVhdxHeader,
  readVhdxMetadata,
  readVhdxRegions,
  type VhdxHeader,
  type VhdxMetadata,
  type VhdxRegion,
} from './vhdx-structure.ts';

const MiB = 1024 * 1024;
const noGuid = '00000000-0000-0000-0000-000000000000';
const regionGuid = {
  blockTable: '2dc27766-f623-4200-9d64-115e9bfd4a08',
  metadata: '8b7ca206-4790-4b9a-b8fe-575f050f886e',
} as const;
const itemGuid = {
  fileParameters: 'caa16737-fa36-4d43-b3b6-33f0aa44e76b',
  virtualSize: '2fa54224-cd1b-4876-b211-5dbed83bf4b8',
  identity: 'beca12ab-b2e6-4523-93ef-c309e000c746',
  logicalSector: '8141bf1d-a96f-4709-ba47-f233a8faab5f',
  physicalSector: 'cda348c7-445d-4471-9cc9-e9885251c556',
} as const;
const parentLocatorGuid = 'a8d35f2d-b30b-454d-abf7-d3d84834ab0c';
const hasParentBit = 2;
const blockBytesLeast = MiB;
const blockBytesMost = 256 * MiB;
const logicalSectorBytes = 512;
/** Sectors that one block of the table's bitmaps covers. */
const sectorsPerChunk = 2 ** 23;

export const vhdx: FormatParser = {
  format: 'vhdx',

  matches: ({ head }) => head.startsWith('vhdxfile'),

  async parse(reader, limits) {
    const header = await readVhdxHeader(reader);
    if (header === undefined) return refused('CORRUPT', 'neither header of the VHDX is valid');
    const regions = await readVhdxRegions(reader);
    if (regions === undefined) return refused('CORRUPT', 'the region table is damaged');
    const blockTable = regions.find(({ guid }) => guid === regionGuid.blockTable);
    const metadata = regions.find(({ guid }) => guid === regionGuid.metadata);
    const broken = [
      ...judgeLog(header),
      ...judgeRegions([header.log, ...regions], reader.sizeBytes),
    ];
    if (blockTable === undefined || metadata === undefined) {
      return refused('CORRUPT', 'a region of the VHDX is missing', broken);
    }
    const items = await readVhdxMetadata(reader, metadata);
    if (items === undefined) return refused('CORRUPT', 'the metadata is damaged', broken);
    const values = await readValues(reader, metadata, items);
    return {
      virtualSizeBytes: values.virtualSizeBytes,
      violations: [
        ...broken,
        ...judgeMetadata(items, metadata),
        ...judgeValues(values, limits),
        ...judgeBlockTable(blockTable, values, reader.sizeBytes, limits),
      ],
    };
  },
};

function refused(
  code: ViolationCode,
  message: string,
  others: readonly Violation[] = [],
): FormatReport {
  return { virtualSizeBytes: 0, violations: [...others, ...judge([[true, code, message]])] };
}

function judgeLog(header: VhdxHeader): Violation[] {
  return judge([
    [header.version !== 1, 'VERSION', `VHDX version ${header.version} is not known`],
    [header.logVersion !== 0, 'VERSION', `log version ${header.logVersion} is not known`],
    [header.logGuid !== noGuid, 'DIRTY_LOG', 'the image has a log that would have to be replayed'],
  ]);
}

/** Every region is a number of whole MiB behind the first one, in the file, and over no other. */
function judgeRegions(regions: readonly VhdxRegion[], fileBytes: number): Violation[] {
  const sorted = [...regions].sort((one, other) => one.position - other.position);
  let end = MiB;
  let isMisplaced = false;
  for (const { position, lengthBytes } of sorted) {
    if (position < end || position % MiB !== 0 || lengthBytes % MiB !== 0) isMisplaced = true;
    end = position + lengthBytes;
  }
  const known = regions.filter(({ guid }) => Object.values<string>(regionGuid).includes(guid));
  return judge([
    [isMisplaced, 'CORRUPT', 'a region lies where it must not'],
    [!(end <= fileBytes), 'OUTSIDE_FILE', 'a region lies outside of the file'],
    [new Set(known.map(({ guid }) => guid)).size < known.length, 'CORRUPT', 'a region is repeated'],
    // The log is in the list, too, and has no GUID.
    [known.length + 1 < regions.length, 'UNKNOWN_FEATURE', 'the image has a region of unknown use'],
  ]);
}

interface Values {
  readonly blockBytes: number;
  readonly hasParent: boolean;
  readonly virtualSizeBytes: number;
  readonly logicalSectorBytes: number;
}

async function readValues(
  reader: Reader,
  region: VhdxRegion,
  items: readonly VhdxMetadata[],
): Promise<Values> {
  const read = (wanted: string) => {
    const item = items.find(({ guid }) => guid === wanted);
    return reader.read(region.position + (item?.position ?? Infinity), 8);
  };
  const parameters = await read(itemGuid.fileParameters);
  const virtualSize = await read(itemGuid.virtualSize);
  const sector = await read(itemGuid.logicalSector);
  return {
    blockBytes: parameters.u32le(0),
    hasParent: (parameters.u32le(4) & hasParentBit) !== 0,
    virtualSizeBytes: toNumber(virtualSize.u64le(0)),
    logicalSectorBytes: sector.u32le(0),
  };
}

function judgeMetadata(items: readonly VhdxMetadata[], region: VhdxRegion): Violation[] {
  const needed = Object.values<string>(itemGuid);
  const guids = items.map(({ guid }) => guid);
  const known = guids.filter((guid) => needed.includes(guid));
  return judge([
    [guids.includes(parentLocatorGuid), 'PARENT', 'the image names a parent'],
    [
      needed.some((guid) => !known.includes(guid)) || known.length > needed.length,
      'CORRUPT',
      'metadata is missing or repeated',
    ],
    [
      items.some(({ guid, isRequired }) => isRequired && !isKnown(guid)),
      'UNKNOWN_FEATURE',
      'the image needs features that are not known',
    ],
    [
      items.some(({ position, lengthBytes }) => position + lengthBytes > region.lengthBytes),
      'OUTSIDE_FILE',
      'metadata lies outside of its region',
    ],
  ]);

  function isKnown(guid: string): boolean {
    return needed.includes(guid) || guid === parentLocatorGuid;
  }
}

function judgeValues(values: Values, limits: ImageLimits): Violation[] {
  const { blockBytes, virtualSizeBytes } = values;
  const isPowerOfTwo = (blockBytes & (blockBytes - 1)) === 0;
  const blockBytesLimit = Math.min(blockBytesMost, limits.maxClusterBytes);
  return judge([
    [values.hasParent, 'PARENT', 'the image holds only what differs from another one'],
    [
      !isPowerOfTwo || blockBytes < blockBytesLeast || blockBytes > blockBytesLimit,
      'CLUSTER_SIZE',
      `${blockBytes} bytes a block are not valid`,
    ],
    [
      values.logicalSectorBytes !== logicalSectorBytes,
      'NOT_ACCEPTED',
      `disks with sectors of ${values.logicalSectorBytes} bytes are not accepted`,
    ],
    [
      virtualSizeBytes % logicalSectorBytes > 0,
      'CORRUPT',
      'the virtual size is no number of sectors',
    ],
  ]);
}

function judgeBlockTable(
  region: VhdxRegion,
  values: Values,
  fileBytes: number,
  limits: ImageLimits,
): Violation[] {
  const { blockBytes, virtualSizeBytes } = values;
  const blocks = Math.ceil(virtualSizeBytes / blockBytes);
  const blocksPerChunk = (sectorsPerChunk * logicalSectorBytes) / blockBytes;
  const entries = blocks + Math.floor(Math.max(0, blocks - 1) / blocksPerChunk);
  return [
    ...judge([
      [
        !(entries * 8 <= region.lengthBytes),
        'TABLE_SIZE',
        'the block allocation table is too small for the virtual size',
      ],
    ]),
    ...judgeTable(
      {
        name: 'block allocation table',
        position: region.position,
        lengthBytes: region.lengthBytes,
        alignmentBytes: MiB,
      },
      fileBytes,
      limits,
    ),
  ];
}

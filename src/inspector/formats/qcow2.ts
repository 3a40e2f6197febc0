/**
 * Judges an untrusted qcow2 image, version 2 or 3: it has to be whole, self-contained and within
 * the limits.
 */
import { sectorBytes, toNumber, type FormatParser } from '../format-parser.ts';
import type { ImageLimits } from '../limits.ts';
import type { Reader } from '../reader.ts';
import { judgeTable, type Table } from '../table.ts';
import { judge, violation, type Violation } from '../violation.ts';
import {
  extensionType,
  headerBytesV3,
  qcow2Magic,
  readQcow2Header,
  readQcow2Snapshots,
  type Qcow2Header,
} from './qcow2-header.ts';

const incompatible = { dirty: 0, corrupt: 1, dataFile: 2, compression: 3, extendedL2: 4 } as const;
/** Says that the data file, which then has to exist, can be read as a raw image. */
const autoclearRawDataFile = 1;
const clusterBitsLeast = 9;
const clusterBitsMost = 21;
/** Subclusters of 512 bytes, 32 to the cluster. */
const clusterBitsLeastExtendedL2 = 14;
const refcountOrderMost = 6;
const compressionTypeMost = 1;
const bitmapsExtensionBytes = 24;
/** Of an entry in the directory of bitmaps, without its name. */
const bitmapEntryBytes = 24;
const bitmapsMost = 65535;

export const qcow2: FormatParser = {
  format: 'qcow2',

  // Version 1 is a format of its own.
  matches: ({ head }) => head.startsWith(qcow2Magic) && head.u32be(4) !== 1,

  async parse(reader, limits) {
    const header = await readQcow2Header(reader);
    if (header === undefined) {
      return {
        virtualSizeBytes: 0,
        violations: [violation('TRUNCATED', 'the qcow2 header is cut off')],
      };
    }
    const violations = [
      ...judgeVersion(header, limits),
      ...judgeReferences(header),
      ...judgeDataFile(header),
      ...judgeFeatures(header),
      ...judgeTables(header, reader.sizeBytes, limits),
    ];
    // What these tables say is read only when the header is sane.
    if (violations.length === 0) violations.push(...(await judgeBitmaps(header, reader, limits)));
    if (violations.length === 0) violations.push(...(await judgeSnapshots(header, reader, limits)));
    return { virtualSizeBytes: header.virtualSizeBytes, violations };
  },
};

function has(features: bigint, bit: number): boolean {
  return (features & (1n << BigInt(bit))) !== 0n;
}

function judgeVersion(header: Qcow2Header, limits: ImageLimits): Violation[] {
  const { version, clusterBits, clusterSizeBytes, headerBytes } = header;
  if (version !== 2 && version !== 3) {
    return [violation('VERSION', `qcow2 version ${version} is not known`)];
  }
  const isExtended = has(header.incompatibleFeatures, incompatible.extendedL2);
  const leastBits = isExtended ? clusterBitsLeastExtendedL2 : clusterBitsLeast;
  const isLengthValid = version === 2 || (headerBytes >= headerBytesV3 && headerBytes % 8 === 0);
  const isTooLong = headerBytes > Math.min(clusterSizeBytes, limits.maxHeaderBytes);
  return judge([
    [
      clusterBits < leastBits || clusterBits > clusterBitsMost,
      'CLUSTER_SIZE',
      `2^${clusterBits} bytes a cluster; 2^${leastBits} to 2^${clusterBitsMost} are valid`,
    ],
    [clusterSizeBytes > limits.maxClusterBytes, 'CLUSTER_SIZE', 'the clusters are too large'],
    [!isLengthValid, 'HEADER_LENGTH', `a header of ${headerBytes} bytes is not valid`],
    [isTooLong, 'HEADER_LENGTH', `a header of ${headerBytes} bytes is too long`],
    [
      isLengthValid && !isTooLong && !header.extensionsWhole,
      'CORRUPT',
      'the header extensions do not fit into the first cluster',
    ],
    [
      header.refcountOrder > refcountOrderMost,
      'CORRUPT',
      `reference counts of 2^${header.refcountOrder} bits are not valid`,
    ],
    [
      header.virtualSizeBytes % sectorBytes > 0,
      'CORRUPT',
      'the virtual size is no number of whole sectors',
    ],
  ]);
}

function hasExtension({ extensions }: Qcow2Header, wanted: number): boolean {
  return extensions.some(({ type }) => type === wanted);
}

/** By its feature, or by either of the things that only an image with the feature has. */
export function judgeDataFile(header: Qcow2Header): Violation[] {
  const isNamed =
    has(header.incompatibleFeatures, incompatible.dataFile) ||
    has(header.autoclearFeatures, autoclearRawDataFile) ||
    hasExtension(header, extensionType.dataFile);
  return judge([[isNamed, 'DATA_FILE', 'the image keeps its data in another file']]);
}

function judgeReferences(header: Qcow2Header): Violation[] {
  const hasBackingFile = header.backingFilePosition !== 0 || header.backingFileBytes !== 0;
  return judge([
    [hasBackingFile, 'BACKING_FILE', 'the image leans on a backing file'],
    [
      !hasBackingFile && hasExtension(header, extensionType.backingFormat),
      'BACKING_FILE',
      'the image names the format of a backing file',
    ],
    [
      header.encryptionMethod !== 0 || hasExtension(header, extensionType.encryption),
      'ENCRYPTED',
      'the image is encrypted',
    ],
  ]);
}

function judgeFeatures(header: Qcow2Header): Violation[] {
  const features = header.incompatibleFeatures;
  const hasCompressionType = has(features, incompatible.compression);
  return judge([
    [
      has(features, incompatible.dirty) || has(features, incompatible.corrupt),
      'CORRUPT',
      'the image is marked as not closed cleanly or as corrupt',
    ],
    [
      features >> BigInt(incompatible.extendedL2 + 1) !== 0n,
      'UNKNOWN_FEATURE',
      'the image needs features that are not known',
    ],
    [
      hasCompressionType !== (header.compressionType !== 0) ||
        header.compressionType > compressionTypeMost,
      'UNKNOWN_FEATURE',
      `compression type ${header.compressionType} is not valid`,
    ],
    [
      // Names of features, which some versions of qemu wrote, are all that such an image can need.
      header.version === 2 &&
        header.extensions.some(({ type }) => type !== extensionType.featureNames),
      'UNKNOWN_FEATURE',
      'an image of version 2 has header extensions',
    ],
  ]);
}

function judgeTables(header: Qcow2Header, fileBytes: number, limits: ImageLimits): Violation[] {
  const { clusterBits, clusterSizeBytes } = header;
  if (clusterBits < clusterBitsLeast || clusterBits > clusterBitsMost) return [];
  const l2EntryBytes = has(header.incompatibleFeatures, incompatible.extendedL2) ? 16 : 8;
  const bytesPerL1Entry = (clusterSizeBytes / l2EntryBytes) * clusterSizeBytes;
  const tables: Table[] = [
    { name: 'L1 table', position: header.l1Position, lengthBytes: header.l1Entries * 8 },
    {
      name: 'refcount table',
      position: header.refcountPosition,
      lengthBytes: header.refcountClusters * clusterSizeBytes,
    },
    {
      name: 'snapshot table',
      position: header.snapshotsPosition,
      lengthBytes: header.snapshotCount * 40,
    },
  ];
  return [
    ...tables.flatMap((table) =>
      judgeTable({ ...table, alignmentBytes: clusterSizeBytes }, fileBytes, limits),
    ),
    ...judge([
      [
        header.l1Entries < Math.ceil(header.virtualSizeBytes / bytesPerL1Entry),
        'TABLE_SIZE',
        'the L1 table is too small for the virtual size',
      ],
      [header.refcountClusters === 0, 'CORRUPT', 'the image has no refcount table'],
      [
        header.snapshotCount > limits.maxSnapshots,
        'SNAPSHOTS',
        `${header.snapshotCount} snapshots, at most ${limits.maxSnapshots} are accepted`,
      ],
    ]),
  ];
}

/** Persistent dirty bitmaps, whose directory qemu reads on opening. */
async function judgeBitmaps(
  header: Qcow2Header,
  reader: Reader,
  limits: ImageLimits,
): Promise<Violation[]> {
  const lists = header.extensions.filter(({ type }) => type === extensionType.bitmaps);
  const violations = judge([[lists.length > 1, 'CORRUPT', 'there are several lists of bitmaps']]);
  for (const { position, lengthBytes } of lists) {
    const content = await reader.read(position, bitmapsExtensionBytes);
    const directory = {
      name: 'directory of bitmaps',
      position: toNumber(content.u64be(16)),
      lengthBytes: toNumber(content.u64be(8)),
      alignmentBytes: header.clusterSizeBytes,
    };
    const bitmaps = content.u32be(0);
    const isDamaged =
      lengthBytes !== bitmapsExtensionBytes ||
      bitmaps < 1 ||
      bitmaps > bitmapsMost ||
      content.u32be(4) !== 0 ||
      directory.lengthBytes < bitmaps * bitmapEntryBytes;
    violations.push(
      ...judge([[isDamaged, 'CORRUPT', 'the list of bitmaps is damaged']]),
      ...judgeTable(directory, reader.sizeBytes, limits),
    );
  }
  return violations;
}

async function judgeSnapshots(
  header: Qcow2Header,
  reader: Reader,
  limits: ImageLimits,
): Promise<Violation[]> {
  const snapshots = await readQcow2Snapshots(reader, header);
  if (snapshots === undefined) return [violation('CORRUPT', 'the snapshot table is damaged')];
  const isTooLarge = snapshots.some(({ sizeBytes }) => sizeBytes > limits.maxVirtualSizeBytes);
  return [
    ...judge([
      [
        isTooLarge,
        'TOO_LARGE',
        `a snapshot has a size above the limit of ${limits.maxVirtualSizeBytes} bytes`,
      ],
    ]),
    ...snapshots.flatMap(({ l1Position, l1Entries }) =>
      judgeTable(
        {
          name: 'L1 table of a snapshot',
          position: l1Position,
          lengthBytes: l1Entries * 8,
          alignmentBytes: header.clusterSizeBytes,
        },
        reader.sizeBytes,
        limits,
      ),
    ),
  ];
}

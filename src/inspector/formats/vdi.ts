/** VirtualBox disks (VDI 1.1, as block/vdi.c of qemu 7.2 describes and reads them). */
import { sectorBytes, toNumber, wholeSectors, type FormatParser } from '../format-parser.ts';
import type { ImageLimits } from '../limits.ts';
import type { Bytes } from '../reader.ts';
import { judgeTable } from '../table.ts';
import { judge, type Violation } from '../violation.ts';

const signature = 0xbeda107f;
const signaturePosition = 0x40;
const headerBytes = 512;
/** What the length field counts, from its own position on: qemu writes 384, VirtualBox 400. */
const countedHeaderBytes = headerBytes - 0x48;
const version11 = 0x00010001;
/** The only block size that qemu reads and that VirtualBox writes. */
const blockBytes = 1024 * 1024;
const imageTypes = { dynamic: 1, fixed: 2, undo: 3, differencing: 4 } as const;

export const vdi: FormatParser = {
  format: 'vdi',

  matches: ({ head }) => head.u32le(signaturePosition) === signature,

  async parse(reader, limits) {
    const header = await reader.read(0, headerBytes);
    // VirtualBox can make disks of an odd size; qemu rounds it up.
    const virtualSizeBytes = wholeSectors(toNumber(header.u64le(0x170)));
    return {
      virtualSizeBytes,
      violations: [
        ...judgeHeader(header, limits),
        ...judgeParent(header),
        ...judgeBlocks(header, virtualSizeBytes, reader.sizeBytes, limits),
      ],
    };
  },
};

function judgeHeader(header: Bytes, limits: ImageLimits): Violation[] {
  const countedBytes = header.u32le(0x48);
  const sector = header.u32le(0x168);
  const block = header.u32le(0x178);
  return judge([
    [header.length < headerBytes, 'TRUNCATED', 'the VDI header is cut off'],
    [header.u32le(0x44) !== version11, 'VERSION', 'only VDI version 1.1 is known'],
    [
      countedBytes > Math.min(countedHeaderBytes, limits.maxHeaderBytes),
      'HEADER_LENGTH',
      `a header of ${countedBytes} bytes is too long`,
    ],
    [sector !== sectorBytes, 'CORRUPT', `sectors of ${sector} bytes are not valid`],
    [
      block !== blockBytes || block > limits.maxClusterBytes,
      'CLUSTER_SIZE',
      `${block} bytes a block; only 1 MiB is valid`,
    ],
    [header.u32le(0x17c) !== 0, 'UNKNOWN_FEATURE', 'the blocks carry extra data'],
  ]);
}

function judgeParent(header: Bytes): Violation[] {
  const type = header.u32le(0x4c);
  const hasUuid = (position: number) => header.latin1(position, position + 16).search(/[^\0]/) >= 0;
  const isKnown = Object.values<number>(imageTypes).includes(type);
  return judge([
    [!isKnown, 'UNKNOWN_FEATURE', `VDI image type ${type} is not known`],
    [type === imageTypes.undo, 'NOT_ACCEPTED', 'undo images are not accepted'],
    [
      type === imageTypes.differencing || hasUuid(0x1a8) || hasUuid(0x1b8),
      'PARENT',
      'the image holds only what differs from another one',
    ],
  ]);
}

function judgeBlocks(
  header: Bytes,
  virtualSizeBytes: number,
  fileBytes: number,
  limits: ImageLimits,
): Violation[] {
  const mapPosition = header.u32le(0x154);
  const dataPosition = header.u32le(0x158);
  const blocks = header.u32le(0x180);
  const allocated = header.u32le(0x184);
  const mapEnd = mapPosition + blocks * 4;
  return [
    ...judgeTable(
      {
        name: 'block map',
        position: mapPosition,
        lengthBytes: blocks * 4,
        alignmentBytes: sectorBytes,
      },
      fileBytes,
      limits,
    ),
    ...judge([
      [
        blocks * blockBytes < virtualSizeBytes,
        'TABLE_SIZE',
        'the block map is too small for the virtual size',
      ],
      [
        dataPosition % sectorBytes !== 0 || dataPosition < mapEnd || mapPosition < headerBytes,
        'CORRUPT',
        'the data begins where it must not',
      ],
      [
        allocated > blocks || dataPosition + allocated * blockBytes > fileBytes,
        'OUTSIDE_FILE',
        'allocated blocks lie outside of the file',
      ],
    ]),
  ];
}

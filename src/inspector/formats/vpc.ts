/**
 * VHD disks, fixed and dynamic ("Virtual Hard Disk Image Format Specification", 2006; block/vpc.c
 * of qemu 7.2). A fixed disk is a raw one with a footer behind it, which qemu does not probe; a
 * dynamic one begins with a copy of its footer.
 */
import {
  sectorBytes,
  toNumber,
  wholeSectors,
  type FormatParser,
  type Signatures,
} from '../format-parser.ts';
import type { ImageLimits } from '../limits.ts';
import type { Bytes, Reader } from '../reader.ts';
import { judgeTable } from '../table.ts';
import { judge, type Violation } from '../violation.ts';
import {
  readVpcFooter,
  vpcChecksum,
  vpcCookie,
  vpcFooterBytes,
  vpcType,
  type VpcFooter,
} from './vpc-footer.ts';

const version10 = 0x00010000;
/** What qemu opens at most: 2040 GiB. */
const virtualSizeBytesMost = 0xff000000 * sectorBytes;
const dynamicHeaderBytes = 1024;
const dynamicHeaderCookie = 'cxsparse';
const dynamicChecksumPosition = 36;
/**
 * From here on the header of a dynamic disk names its parent, down to the reserved bytes at its
 * end.
 */
const parentPosition = 40;
const parentEnd = 768;
const blockBytesLeast = 4 * 1024;
const blockBytesMost = 256 * 1024 * 1024;

export const vpc: FormatParser = {
  format: 'vpc',

  matches: (signatures) => beginsWithFooter(signatures) || endsWithFooter(signatures),

  payloadAtStart: (signatures) => !beginsWithFooter(signatures),

  async parse(reader, limits) {
    const head = await reader.read(0, vpcFooterBytes);
    const isDynamic = head.startsWith(vpcCookie);
    const tail = await reader.read(footerPosition(reader.sizeBytes), vpcFooterBytes);
    const footer = readVpcFooter(isDynamic ? head : tail);
    return {
      virtualSizeBytes: footer.virtualSizeBytes,
      violations: [
        ...judgeFooter(footer, isDynamic, reader.sizeBytes),
        ...(isDynamic
          ? [...judgeCopy(head, tail), ...(await judgeDynamic(footer, reader, limits))]
          : []),
      ],
    };
  },
};

function beginsWithFooter({ head }: Signatures): boolean {
  return head.startsWith(vpcCookie);
}

/** Where the format has it, and where qemu looks for it in a file of an odd size. */
function endsWithFooter({ tail, sizeBytes }: Signatures): boolean {
  const offset = tail.length - vpcFooterBytes;
  const oddOffset = offset + wholeSectors(sizeBytes) - sizeBytes;
  return tail.startsWith(vpcCookie, offset) || tail.startsWith(vpcCookie, oddOffset);
}

function footerPosition(fileBytes: number): number {
  return Math.max(0, wholeSectors(fileBytes) - vpcFooterBytes);
}

function judgeFooter(footer: VpcFooter, isDynamic: boolean, fileBytes: number): Violation[] {
  const { type, virtualSizeBytes } = footer;
  return judge([
    [
      fileBytes % sectorBytes !== 0 || fileBytes < vpcFooterBytes,
      'TRUNCATED',
      'the file is no number of whole sectors',
    ],
    [!footer.isChecksumRight, 'CORRUPT', 'the checksum of the footer is wrong'],
    [footer.version !== version10, 'VERSION', 'only VHD version 1.0 is known'],
    [type === vpcType.differencing, 'PARENT', 'the image holds only what differs from another one'],
    [
      type !== vpcType.differencing && type !== (isDynamic ? vpcType.dynamic : vpcType.fixed),
      'CORRUPT',
      `disk type ${type} does not fit the place of the footer`,
    ],
    [
      virtualSizeBytes > virtualSizeBytesMost,
      'TOO_LARGE',
      'the virtual size is above the 2040 GiB that the format allows',
    ],
    [
      !isDynamic && virtualSizeBytes > fileBytes - vpcFooterBytes,
      'TRUNCATED',
      'the file is smaller than the disk that it holds',
    ],
  ]);
}

/** Some programs read the footer at the end, some its copy at the beginning. */
function judgeCopy(head: Bytes, tail: Bytes): Violation[] {
  return judge([
    [
      Buffer.compare(head.raw, tail.raw) !== 0,
      'CORRUPT',
      'the footer and its copy at the beginning of the file differ',
    ],
  ]);
}

async function judgeDynamic(
  footer: VpcFooter,
  reader: Reader,
  limits: ImageLimits,
): Promise<Violation[]> {
  const position = footer.headerPosition;
  if (!(position + dynamicHeaderBytes <= reader.sizeBytes)) {
    return judge([[true, 'OUTSIDE_FILE', 'the header of the dynamic disk is not in the file']]);
  }
  const header = await reader.read(position, dynamicHeaderBytes);
  const entries = header.u32be(28);
  const blockBytes = header.u32be(32);
  const isPowerOfTwo = (blockBytes & (blockBytes - 1)) === 0;
  return [
    ...judge([
      [
        position < vpcFooterBytes || !header.startsWith(dynamicHeaderCookie),
        'CORRUPT',
        'the header of the dynamic disk is not where it should be',
      ],
      [
        header.u32be(dynamicChecksumPosition) !== vpcChecksum(header, dynamicChecksumPosition),
        'CORRUPT',
        'the checksum of the header is wrong',
      ],
      [header.u32be(24) !== version10, 'VERSION', 'only version 1.0 of the header is known'],
      [
        header.latin1(parentPosition, parentEnd).search(/[^\0]/) >= 0,
        'PARENT',
        'the image names a parent',
      ],
      [
        !isPowerOfTwo ||
          blockBytes < blockBytesLeast ||
          blockBytes > Math.min(blockBytesMost, limits.maxClusterBytes),
        'CLUSTER_SIZE',
        `${blockBytes} bytes a block are not valid`,
      ],
      [
        entries * blockBytes < footer.virtualSizeBytes,
        'TABLE_SIZE',
        'the block allocation table is too small for the virtual size',
      ],
    ]),
    ...judgeTable(
      {
        name: 'block allocation table',
        position: toNumber(header.u64be(16)),
        lengthBytes: entries * 4,
        alignmentBytes: sectorBytes,
      },
      reader.sizeBytes,
      limits,
    ),
  ];
}

/**
 * Parallels and ploop disks, both layouts of version 2 (docs/interop/parallels.txt of qemu 7.2).
 */
import { sectorBytes, toNumber, type FormatParser } from '../format-parser.ts';
import type { ImageLimits } from '../limits.ts';
import type { Bytes } from '../reader.ts';
import { judgeTable } from '../table.ts';
import { judge, type Violation } from '../violation.ts';

/**
 * Old images count sectors in 32 bits and address data by sectors; new ones use 64 bits and
 * clusters.
 */
const magic = { old: 'WithoutFreeSpace', new: 'WithouFreSpacExt' } as const;
const headerBytes = 64;
const version2 = 2;
const inUse = { neverMarked: 0, closed: 0x312e3276 } as const;
/** qemu's bound: a cluster has to fit into a signed number of 32 bits. */
const clusterSectorsMost = Math.floor(0x7fffffff / 513);

export const parallels: FormatParser = {
  format: 'parallels',

  matches: ({ head }) => head.startsWith(magic.old) || head.startsWith(magic.new),

  async parse(reader, limits) {
    const header = await reader.read(0, headerBytes);
    const sectors = header.startsWith(magic.old) ? header.u32le(36) : toNumber(header.u64le(36));
    const virtualSizeBytes = sectors * sectorBytes;
    return {
      virtualSizeBytes,
      violations: [
        ...judgeHeader(header),
        ...judgeClusters(header, virtualSizeBytes, reader.sizeBytes, limits),
      ],
    };
  },
};

function judgeHeader(header: Bytes): Violation[] {
  const version = header.u32le(16);
  const use = header.u32le(44);
  return judge([
    [header.length < headerBytes, 'TRUNCATED', 'the header is cut off'],
    [version !== version2, 'VERSION', `version ${version} is not known`],
    [
      use !== inUse.neverMarked && use !== inUse.closed,
      'CORRUPT',
      'the image is marked as in use or not closed cleanly',
    ],
    [
      header.u64le(56) !== 0n,
      'UNKNOWN_FEATURE',
      'the image has a format extension, which is not accepted',
    ],
  ]);
}

function judgeClusters(
  header: Bytes,
  virtualSizeBytes: number,
  fileBytes: number,
  limits: ImageLimits,
): Violation[] {
  const clusterSectors = header.u32le(28);
  const clusterBytes = clusterSectors * sectorBytes;
  const entries = header.u32le(32);
  const dataPosition = header.u32le(48) * sectorBytes;
  const tableEnd = headerBytes + entries * 4;
  return [
    ...judge([
      [
        clusterSectors === 0 ||
          clusterSectors > clusterSectorsMost ||
          clusterBytes > limits.maxClusterBytes,
        'CLUSTER_SIZE',
        `${clusterSectors} sectors a cluster are not valid`,
      ],
      [
        entries * clusterBytes < virtualSizeBytes,
        'TABLE_SIZE',
        'the block allocation table is too small for the virtual size',
      ],
      [dataPosition !== 0 && dataPosition < tableEnd, 'CORRUPT', 'the data lies over the tables'],
      [dataPosition > fileBytes, 'OUTSIDE_FILE', 'the data lies outside of the file'],
    ]),
    ...judgeTable(
      { name: 'block allocation table', position: headerBytes, lengthBytes: entries * 4 },
      fileBytes,
      limits,
    ),
  ];
}

/**
 * QED, qemu's own format of 2010 (docs/interop/qed_spec.txt of qemu 7.2). Never accepted: nothing
 * writes it any more, qemu's documentation advises against it, and it can name a backing file. What
 * else is wrong is told nevertheless.
 */
import { sectorBytes, toNumber, type FormatParser } from '../format-parser.ts';
import type { ImageLimits } from '../limits.ts';
import type { Bytes } from '../reader.ts';
import { judgeTable } from '../table.ts';
import { judge, type Violation } from '../violation.ts';

const headerBytes = 64;
const features = { backingFile: 1n, needCheck: 2n, backingFormatNoProbe: 4n } as const;
const knownFeatures = features.backingFile | features.needCheck | features.backingFormatNoProbe;
const clusterBytesLeast = 4 * 1024;
const clusterBytesMost = 64 * 1024 * 1024;
/** In clusters, a power of two. qemu can make tables of one cluster, but not open them. */
const tableClusters = new Set([2, 4, 8, 16]);
const tableEntryBytes = 8;

export const qed: FormatParser = {
  format: 'qed',

  matches: ({ head }) => head.startsWith('QED\0'),

  async parse(reader, limits) {
    const header = await reader.read(0, headerBytes);
    return {
      virtualSizeBytes: toNumber(header.u64le(48)),
      violations: [
        ...judge([
          [true, 'NOT_ACCEPTED', 'images of the format QED are not accepted'],
          [header.length < headerBytes, 'TRUNCATED', 'the QED header is cut off'],
        ]),
        ...judgeFeatures(header),
        ...judgeSizes(header, reader.sizeBytes, limits),
      ],
    };
  },
};

function judgeFeatures(header: Bytes): Violation[] {
  const bits = header.u64le(16);
  const has = (feature: bigint) => (bits & feature) !== 0n;
  const namesBackingFile = has(features.backingFile) || has(features.backingFormatNoProbe);
  return judge([
    [
      namesBackingFile || header.u32le(60) !== 0,
      'BACKING_FILE',
      'the image leans on a backing file',
    ],
    [has(features.needCheck), 'CORRUPT', 'the image is marked as not closed cleanly'],
    [
      (bits & ~knownFeatures) !== 0n,
      'UNKNOWN_FEATURE',
      'the image needs features that are not known',
    ],
  ]);
}

function judgeSizes(header: Bytes, fileBytes: number, limits: ImageLimits): Violation[] {
  const clusterBytes = header.u32le(4);
  const isPowerOfTwo = (clusterBytes & (clusterBytes - 1)) === 0;
  const isValid =
    isPowerOfTwo && clusterBytes >= clusterBytesLeast && clusterBytes <= clusterBytesMost;
  if (!isValid || clusterBytes > limits.maxClusterBytes) {
    return judge([[true, 'CLUSTER_SIZE', `${clusterBytes} bytes a cluster are not valid`]]);
  }
  const clustersPerTable = header.u32le(8);
  const headerClusters = header.u32le(12);
  const tableBytes = clustersPerTable * clusterBytes;
  const virtualSizeBytes = toNumber(header.u64le(48));
  const entries = tableBytes / tableEntryBytes;
  return [
    ...judge([
      [
        !tableClusters.has(clustersPerTable),
        'TABLE_SIZE',
        `tables of ${clustersPerTable} clusters are not valid`,
      ],
      [
        headerClusters === 0 ||
          headerClusters * clusterBytes > Math.max(limits.maxHeaderBytes, clusterBytes),
        'HEADER_LENGTH',
        `a header of ${headerClusters} clusters is not valid`,
      ],
      [virtualSizeBytes % sectorBytes > 0, 'CORRUPT', 'the virtual size is no number of sectors'],
      [
        virtualSizeBytes > entries * entries * clusterBytes,
        'TABLE_SIZE',
        'the tables are too small for the virtual size',
      ],
    ]),
    ...judgeTable(
      {
        name: 'L1 table',
        position: toNumber(header.u64le(40)),
        lengthBytes: tableBytes,
        alignmentBytes: clusterBytes,
      },
      fileBytes,
      limits,
    ),
  ];
}

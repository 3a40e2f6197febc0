/**
 * Hostile qcow2 images. The offsets are those of the header (docs/interop/qcow2.txt of qemu 7.2).
 */
import type { ViolationCode } from '../../../src/inspector/violation.ts';
import { be32, be64, grown, qcow2Extension, text, truncated, type Edit } from './bytes.ts';
import type { HostileImage } from './hostile.ts';

const v3 = 'qcow2 compat=1.1 10M';
const v2 = 'qcow2 compat=0.10 10M';
const largeClusters = 'qcow2 cluster_size=2097152 10M';
const smallClusters = 'qcow2 cluster_size=512 10M';
const extendedL2 = 'qcow2 extended_l2=on 10M';

const headerEndV3 = 112;
const type = { backingFormat: 0xe2792aca, dataFile: 0x44415441, bitmaps: 0x23852875 } as const;

function shape(
  name: string,
  base: string,
  edits: readonly Edit[],
  ...codes: readonly ViolationCode[]
): HostileImage {
  return { name: `qcow2: ${name}`, base, edits, codes };
}

/** A backing file, named behind the header. */
function backing(name: string, position = 512): Edit[] {
  return [be64(8, position), be32(16, name.length), text(position, name)];
}

/** The list of bitmaps, as a header extension. */
function bitmaps(count: number, bytes: number, place: number, position = headerEndV3): Edit[] {
  return [
    qcow2Extension(position, type.bitmaps, '\0'.repeat(24)),
    be32(position + 8, count),
    be64(position + 16, bytes),
    be64(position + 24, place),
  ];
}

const TiB = 1024 ** 4;
const PiB = 1024 ** 5;

const references = [
  ...['/etc/passwd', 'json:{"driver":"raw","file.filename":"/etc/shadow"}', 'nbd://10.0.0.1/x'].map(
    (name) => shape(`backing file ${name.slice(0, 12)}`, v3, backing(name), 'BACKING_FILE'),
  ),
  shape('backing name of 1023 bytes', v3, backing('a'.repeat(1023)), 'BACKING_FILE'),
  shape('backing name of 2^32-1 bytes', v3, [be64(8, 512), be32(16, 0xffffffff)], 'BACKING_FILE'),
  shape('backing name that is no UTF-8', v3, backing('/etc/\xff\xfe\xc0'), 'BACKING_FILE'),
  shape('backing name with a NUL', v3, backing('safe\0/etc/passwd'), 'BACKING_FILE'),
  shape('backing name without a length', v3, [be64(8, 512)], 'BACKING_FILE'),
  shape('backing name without a place', v3, [be32(16, 11)], 'BACKING_FILE'),
  shape(
    'backing name outside of the header cluster',
    v3,
    backing('/etc/passwd', 70000),
    'BACKING_FILE',
  ),
  shape('backing name outside of the file', v3, [be64(8, 2n ** 62n), be32(16, 9)], 'BACKING_FILE'),
  shape('backing name over the header', v3, backing('/etc/passwd', 80), 'BACKING_FILE', 'CORRUPT'),
  shape(
    'backing format alone',
    v3,
    [qcow2Extension(headerEndV3, type.backingFormat, 'raw')],
    'BACKING_FILE',
  ),
  shape(
    'data file, by feature and extension',
    v3,
    [be64(72, 4), qcow2Extension(headerEndV3, type.dataFile, '/etc/passwd')],
    'DATA_FILE',
  ),
  shape('data file, by the feature alone', v3, [be64(72, 4)], 'DATA_FILE'),
  shape(
    'data file, by the extension alone',
    v3,
    [qcow2Extension(headerEndV3, type.dataFile, 'json:{"driver":"file"}')],
    'DATA_FILE',
  ),
  shape('data file that is raw, by the autoclear bit', v3, [be64(88, 2)], 'DATA_FILE'),
  shape(
    'data file in version 2',
    v2,
    [qcow2Extension(72, type.dataFile, '/etc/passwd')],
    'DATA_FILE',
    'UNKNOWN_FEATURE',
  ),
  shape(
    'data file behind an end with content',
    v3,
    [be64(headerEndV3, 8), qcow2Extension(headerEndV3 + 16, type.dataFile, '/etc/passwd')],
    'CORRUPT',
  ),
  shape(
    'unknown extension in version 2',
    v2,
    [qcow2Extension(72, 0x12345678, 'what')],
    'UNKNOWN_FEATURE',
  ),
  shape(
    'data file behind 64 KiB of extensions',
    largeClusters,
    [
      qcow2Extension(headerEndV3, 0x12345678, '\0'.repeat(65536 - 8)),
      qcow2Extension(headerEndV3 + 65536, type.dataFile, '/etc/passwd'),
    ],
    'CORRUPT',
  ),
  shape(
    'data file behind two long extensions',
    largeClusters,
    [
      qcow2Extension(headerEndV3, 0x12345678, '\0'.repeat(60000)),
      qcow2Extension(headerEndV3 + 60008, 0x12345678, '\0'.repeat(60000)),
      qcow2Extension(headerEndV3 + 120016, type.dataFile, '/etc/passwd'),
    ],
    'CORRUPT',
  ),
];

const features = [
  shape('AES encryption', v3, [be32(32, 1)], 'ENCRYPTED'),
  shape('LUKS encryption', v3, [be32(32, 2)], 'ENCRYPTED'),
  shape('unknown encryption', v3, [be32(32, 77)], 'ENCRYPTED'),
  shape('unknown incompatible bit', v3, [be64(72, 32)], 'UNKNOWN_FEATURE'),
  shape('highest incompatible bit', v3, [be64(72, 2n ** 63n)], 'UNKNOWN_FEATURE'),
  shape('dirty', v3, [be64(72, 1)], 'CORRUPT'),
  shape('corrupt', v3, [be64(72, 2)], 'CORRUPT'),
  shape('compression type without its bit', v3, [be32(104, 0x01000000)], 'UNKNOWN_FEATURE'),
  shape('unknown compression type', v3, [be64(72, 8), be32(104, 0x02000000)], 'UNKNOWN_FEATURE'),
  shape('version 0', v3, [be32(4, 0)], 'VERSION'),
  shape('version 4', v3, [be32(4, 4)], 'VERSION'),
  shape('version 2^32-1', v3, [be32(4, 0xffffffff)], 'VERSION'),
];

const sizes = [
  shape(
    '60 PiB with clusters of 2 MiB',
    largeClusters,
    [be64(24, 60 * PiB)],
    'TABLE_SIZE',
    'TOO_LARGE',
  ),
  shape(
    '60 PiB with a table for it',
    largeClusters,
    [be64(24, 60 * PiB), be32(36, 0x7fffffff)],
    'TABLE_SIZE',
    'TOO_LARGE',
  ),
  shape(
    '1 TiB in a file of 200 KB',
    v3,
    [grown(204800 + 16384), be64(24, TiB), be32(36, 2048)],
    'EXPANSION',
  ),
  shape('2^62 bytes', v3, [be64(24, 2n ** 62n)], 'TABLE_SIZE', 'TOO_LARGE'),
  shape('2^64-1 bytes', v3, [be64(24, 2n ** 64n - 1n)], 'TABLE_SIZE', 'TOO_LARGE'),
  shape('a size of no whole sectors', v3, [be64(24, 1000)], 'CORRUPT'),
  shape('clusters of 2^31 bytes', v3, [be32(20, 31)], 'CLUSTER_SIZE'),
  shape('clusters of 2^0 bytes', v3, [be32(20, 0)], 'CLUSTER_SIZE', 'HEADER_LENGTH'),
  shape('clusters of 2^(2^32-1) bytes', v3, [be32(20, 0xffffffff)], 'CLUSTER_SIZE'),
  shape('header of 2^32-1 bytes', v3, [be32(100, 0xffffffff)], 'HEADER_LENGTH'),
  shape('header of 2^32-8 bytes', v3, [be32(100, 0xfffffff8)], 'HEADER_LENGTH'),
  shape('header of 0 bytes', v3, [be32(100, 0)], 'HEADER_LENGTH'),
  shape('header longer than the cluster', smallClusters, [be32(100, 1024)], 'HEADER_LENGTH'),
  shape('refcounts of 2^7 bits', v3, [be32(96, 7)], 'CORRUPT'),
  shape(
    'extended L2 in clusters of 512 bytes',
    smallClusters,
    [be64(72, 16)],
    'CLUSTER_SIZE',
    'TABLE_SIZE',
  ),
  shape(
    'extended L2 in clusters of 8 KiB',
    extendedL2,
    [be32(20, 13)],
    'CLUSTER_SIZE',
    'TABLE_SIZE',
  ),
];

const tables = [
  shape('L1 table outside of the file', v3, [be64(40, 2n ** 40n)], 'OUTSIDE_FILE'),
  shape('L1 table beyond 2^53', v3, [be64(40, 2n ** 63n)], 'OUTSIDE_FILE'),
  shape('L1 table of 2^32-1 entries', v3, [be32(36, 0xffffffff)], 'TABLE_SIZE'),
  shape('L1 table that is too small', v3, [be32(36, 0)], 'TABLE_SIZE'),
  shape('L1 table in the middle of a cluster', v3, [grown(262144), be64(40, 0x30008)], 'CORRUPT'),
  shape('L1 table over the header', v3, [be64(40, 0)], 'CORRUPT'),
  shape('no refcount table', v3, [be32(56, 0)], 'CORRUPT'),
  shape('refcount table outside of the file', v3, [be64(48, 2n ** 50n)], 'OUTSIDE_FILE'),
  shape('refcount table of 2^32-1 clusters', v3, [be32(56, 0xffffffff)], 'TABLE_SIZE'),
  shape('65535 snapshots', v3, [be32(60, 65535), be64(64, 65536)], 'OUTSIDE_FILE', 'SNAPSHOTS'),
  shape('65 snapshots', v3, [be32(60, 65), be64(64, 65536)], 'SNAPSHOTS'),
  shape(
    'snapshot with too much extra data',
    v3,
    [be32(60, 1), be64(64, 65536), be32(65536 + 36, 0xffffffff)],
    'CORRUPT',
  ),
  shape(
    'snapshot with an L1 table outside of the file',
    v3,
    [be32(60, 1), be64(64, 65536), be64(65536, 2 ** 40), be32(65536 + 8, 1)],
    'OUTSIDE_FILE',
  ),
  shape(
    'snapshot of 2^62 bytes',
    v3,
    [be32(60, 1), be64(64, 65536), be32(65536 + 36, 16), be64(65536 + 48, 2n ** 62n)],
    'TOO_LARGE',
  ),
  shape('bitmaps outside of the file', v3, bitmaps(1, 24, 2 ** 40), 'OUTSIDE_FILE'),
  shape('no bitmaps in a list', v3, bitmaps(0, 24, 65536), 'CORRUPT'),
  shape('65536 bitmaps', v3, bitmaps(65536, 2 ** 21, 65536), 'CORRUPT', 'OUTSIDE_FILE'),
  shape('more bitmaps than their directory holds', v3, bitmaps(65535, 24, 65536), 'CORRUPT'),
  shape(
    'two lists of bitmaps',
    v3,
    [...bitmaps(1, 24, 65536, headerEndV3), ...bitmaps(1, 24, 65536, headerEndV3 + 32)],
    'CORRUPT',
  ),
  shape(
    'extension longer than the cluster',
    v3,
    [be32(headerEndV3, 0x12345678), be32(headerEndV3 + 4, 0xffffffff)],
    'CORRUPT',
  ),
  shape('a header that is cut off', v3, [truncated(60)], 'TRUNCATED'),
  shape('nothing behind the header', v3, [truncated(512)], 'OUTSIDE_FILE'),
];

/**
 * How far one entry of a snapshot table is from the next when both its texts are as long as can be.
 */
const longSnapshotBytes = 131112;
const longSnapshots = [
  grown(4 * 1024 ** 2),
  be32(60, 20),
  be64(64, 65536),
  ...Array.from({ length: 20 }, (_, index) =>
    be32(65536 + index * longSnapshotBytes + 12, 2 ** 32 - 1),
  ),
];

export const qcow2Shapes: readonly HostileImage[] = [
  ...references,
  ...features,
  ...sizes,
  ...tables,
  shape('snapshots with endless names', v3, longSnapshots, 'TOO_MUCH_TO_READ'),
  shape('no snapshots, at a place that is none', v3, [be64(64, 7)], 'CORRUPT'),
  shape('an end of the extensions that has a length', v2, [be32(76, 0x80000000)], 'CORRUPT'),
  {
    name: 'qcow2: declared raw with a qcow2 header written over it',
    base: v3,
    declared: 'raw',
    edits: [],
    codes: ['FORMAT_MISMATCH'],
  },
];

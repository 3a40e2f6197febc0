/** Hostile images of the formats of other virtual machines: VHD, VHDX, VDI, parallels, QED. */
import type { ViolationCode } from '../../../src/inspector/violation.ts';
import {
  be32,
  be64,
  field,
  le16,
  le32,
  le64,
  text,
  truncated,
  vhdxPart,
  vpcFooter,
  vpcHeader,
  type Edit,
} from './bytes.ts';
import type { HostileImage } from './hostile.ts';

function shaping(format: string, base: string) {
  return (name: string, edits: readonly Edit[], ...codes: readonly ViolationCode[]) => ({
    name: `${format}: ${name}`,
    base,
    edits,
    codes,
  });
}

const dynamic = shaping('vpc', 'vpc subformat=dynamic 10M');
const fixed = shaping('vpc fixed', 'vpc subformat=fixed 10M');

const vpcShapes = [
  dynamic('differencing', [vpcFooter(be32(60, 4))], 'PARENT'),
  dynamic(
    'differencing, the parent named',
    [vpcFooter(be32(60, 4)), vpcHeader(text(64, '\0/\0e\0t\0c\0/\0p\0a\0s\0s\0w\0d'))],
    'PARENT',
  ),
  dynamic('dynamic with a parent', [vpcHeader(text(40, '0123456789abcdef'))], 'PARENT'),
  dynamic('dynamic with a parent locator', [vpcHeader(text(576, 'W2ku'))], 'PARENT'),
  dynamic('fixed, by the copy at the start', [vpcFooter(be32(60, 2))], 'CORRUPT'),
  dynamic('an unknown type', [vpcFooter(be32(60, 9))], 'CORRUPT'),
  dynamic('a wrong checksum', [field(40, 1, 0x55)], 'CORRUPT'),
  dynamic('a wrong checksum of the header', [field(512 + 32, 1, 0x55)], 'CLUSTER_SIZE', 'CORRUPT'),
  dynamic(
    'a footer that differs from its copy',
    [(image) => be32(image.length - 500, 7)(image)],
    'CORRUPT',
  ),
  dynamic('version 2', [vpcFooter(be32(12, 0x00020000))], 'VERSION'),
  dynamic(
    '2^62 bytes',
    [vpcFooter(text(28, 'win '), be64(48, 2n ** 62n))],
    'TABLE_SIZE',
    'TOO_LARGE',
  ),
  dynamic(
    '2 TiB of a table for 10 MiB',
    [vpcFooter(text(28, 'win '), be64(48, 2 ** 41))],
    'EXPANSION',
    'TABLE_SIZE',
    'TOO_LARGE',
  ),
  dynamic('a disk of no bytes', [vpcFooter(text(28, 'win '), be64(48, 0))], 'EMPTY'),
  dynamic('the header outside of the file', [vpcFooter(be64(16, 2n ** 63n))], 'OUTSIDE_FILE'),
  dynamic('the table outside of the file', [vpcHeader(be64(16, 2 ** 40))], 'OUTSIDE_FILE'),
  dynamic('a table of 2^32-1 entries', [vpcHeader(be32(28, 0xffffffff))], 'TABLE_SIZE'),
  dynamic('blocks of 0 bytes', [vpcHeader(be32(32, 0))], 'CLUSTER_SIZE', 'TABLE_SIZE'),
  dynamic('blocks of 2^31 bytes', [vpcHeader(be32(32, 2 ** 31))], 'CLUSTER_SIZE'),
  dynamic('cut off', [truncated(1000)], 'CORRUPT', 'OUTSIDE_FILE', 'TRUNCATED'),
  fixed('differencing', [vpcFooter(be32(60, 4))], 'PARENT'),
  fixed('larger than the file', [vpcFooter(text(28, 'win '), be64(48, 2 ** 32))], 'TRUNCATED'),
  fixed('a wrong checksum', [(image) => be32(image.length - 500, 7)(image)], 'CORRUPT', 'VERSION'),
  { ...fixed('declared raw', [], 'FORMAT_MISMATCH'), declared: 'raw' },
];

const vhdx = shaping('vhdx', 'vhdx 10M');
const MiB = 1024 ** 2;
/**
 * The parts of the images of qemu: two headers, two copies of the region table, and the metadata.
 */
const headers = (...edits: readonly Edit[]) =>
  [65536, 131072].map((position) => vhdxPart(position, 4096, ...edits));
const regions = (...edits: readonly Edit[]) =>
  [196608, 262144].map((position) => vhdxPart(position, 65536, ...edits));
const metadata = 3 * MiB;
const item = { fileParameters: metadata + 65536 } as const;
/** Of the third entry of the metadata table of qemu, which is made one of a parent here. */
const parentLocator = '\x2d\x5f\xd3\xa8\x0b\xb3\x4d\x45\xab\xf7\xd3\xd8\x48\x34\xab\x0c';

const vhdxShapes = [
  vhdx('a parent', [le32(item.fileParameters + 4, 2)], 'PARENT'),
  vhdx(
    'a parent locator',
    [text(metadata + 32 + 5 * 32, parentLocator), le16(metadata + 10, 6)],
    'PARENT',
  ),
  vhdx('a pending log', headers(text(48, 'a log to replay!')), 'DIRTY_LOG'),
  vhdx(
    'a pending log in the newer header',
    [vhdxPart(131072, 4096, le64(8, 2n ** 62n), text(48, 'a log to replay!'))],
    'DIRTY_LOG',
  ),
  vhdx(
    'headers of one age that differ',
    headers(le64(8, 5)).concat(vhdxPart(131072, 4096, text(16, 'another session'))),
    'CORRUPT',
  ),
  vhdx('both headers damaged', [text(65540, 'xxxx'), text(131076, 'xxxx')], 'CORRUPT'),
  vhdx('version 2', headers(le16(66, 2)), 'VERSION'),
  vhdx('a log of another version', headers(le16(64, 1)), 'VERSION'),
  vhdx('the region table damaged', [field(196700, 1, 1)], 'CORRUPT'),
  vhdx(
    'copies of the region table that differ',
    [vhdxPart(262144, 65536, le64(32, MiB))],
    'CORRUPT',
  ),
  vhdx(
    'an unknown region',
    regions(le32(8, 3), text(80, 'some other thing'), le64(96, 4 * MiB), le32(104, MiB)),
    'UNKNOWN_FEATURE',
  ),
  vhdx('65536 regions', regions(le32(8, 65536)), 'CORRUPT'),
  vhdx('no regions', regions(le32(8, 0)), 'CORRUPT'),
  vhdx('regions one over the other', regions(le64(32, 3 * MiB)), 'CORRUPT'),
  vhdx('the table outside of the file', regions(le64(32, 2 ** 40)), 'OUTSIDE_FILE'),
  vhdx('a table beyond 2^53', regions(le64(32, 2n ** 63n)), 'CORRUPT', 'OUTSIDE_FILE'),
  vhdx('the metadata damaged', [text(metadata, 'METADATA')], 'CORRUPT'),
  vhdx(
    'metadata repeated',
    [(image) => text(metadata + 64, latin1(image, metadata + 32, 16))(image)],
    'CORRUPT',
  ),
  vhdx(
    'unknown metadata that is needed',
    [text(metadata + 192, 'what is needed?!'), le32(metadata + 216, 4), le16(metadata + 10, 6)],
    'UNKNOWN_FEATURE',
  ),
  vhdx('blocks of 3 MiB', [le32(item.fileParameters, 3 * MiB)], 'CLUSTER_SIZE'),
  vhdx('blocks of 0 bytes', [le32(item.fileParameters, 0)], 'CLUSTER_SIZE', 'TABLE_SIZE'),
  vhdx('2^62 bytes', [le64(item.fileParameters + 8, 2n ** 62n)], 'TABLE_SIZE', 'TOO_LARGE'),
  vhdx('cut off', [truncated(200000)], 'CORRUPT'),
];

function latin1(image: Uint8Array, position: number, lengthBytes: number): string {
  return Buffer.from(image.subarray(position, position + lengthBytes)).toString('latin1');
}

const vdi = shaping('vdi', 'vdi 10M');

const vdiShapes = [
  vdi('differencing', [le32(0x4c, 4)], 'PARENT'),
  vdi('undo', [le32(0x4c, 3)], 'NOT_ACCEPTED'),
  vdi('an unknown type', [le32(0x4c, 7)], 'UNKNOWN_FEATURE'),
  vdi('a link', [text(0x1a8, 'x')], 'PARENT'),
  vdi('a parent', [text(0x1b8 + 15, 'x')], 'PARENT'),
  vdi('version 1.2', [le32(0x44, 0x00010002)], 'VERSION'),
  vdi('a header of 2^32-1 bytes', [le32(0x48, 0xffffffff)], 'HEADER_LENGTH'),
  vdi('blocks of 1 byte', [le32(0x178, 1)], 'CLUSTER_SIZE'),
  vdi('extra data', [le32(0x17c, 8)], 'UNKNOWN_FEATURE'),
  vdi('sectors of 4096 bytes', [le32(0x168, 4096)], 'CORRUPT'),
  vdi('2^62 bytes', [le64(0x170, 2n ** 62n)], 'TABLE_SIZE', 'TOO_LARGE'),
  vdi('a map of 2^32-1 blocks', [le32(0x180, 0xffffffff)], 'CORRUPT', 'TABLE_SIZE'),
  vdi('the map outside of the file', [le32(0x154, 0xfffffe00)], 'CORRUPT', 'OUTSIDE_FILE'),
  vdi('blocks outside of the file', [le32(0x184, 10)], 'OUTSIDE_FILE'),
  vdi('more blocks than there are', [le32(0x184, 0xffffffff)], 'OUTSIDE_FILE'),
  vdi('cut off', [truncated(300)], 'CLUSTER_SIZE', 'CORRUPT', 'TRUNCATED'),
];

const parallels = shaping('parallels', 'parallels 10M');

const parallelsShapes = [
  parallels('in use', [le32(44, 0x746f6e59)], 'CORRUPT'),
  parallels('a use that is not defined', [le32(44, 1)], 'CORRUPT'),
  parallels('version 3', [le32(16, 3)], 'VERSION'),
  parallels('a format extension', [le64(56, 2048)], 'UNKNOWN_FEATURE'),
  parallels('clusters of 0 sectors', [le32(28, 0)], 'CLUSTER_SIZE', 'TABLE_SIZE'),
  parallels('clusters of 2^32-1 sectors', [le32(28, 0xffffffff)], 'CLUSTER_SIZE'),
  parallels('a table of 2^32-1 entries', [le32(32, 0xffffffff)], 'CORRUPT', 'TABLE_SIZE'),
  parallels('2^62 sectors', [le64(36, 2n ** 62n)], 'TABLE_SIZE', 'TOO_LARGE'),
  parallels('the data over the table', [le32(32, 1000), le32(48, 1)], 'CORRUPT'),
  parallels('the data outside of the file', [le32(48, 0xffffffff)], 'OUTSIDE_FILE'),
  parallels('cut off', [truncated(60)], 'OUTSIDE_FILE', 'TRUNCATED'),
];

const qed = shaping('qed', 'qed 10M');

const qedShapes = [
  qed('as it is', [], 'NOT_ACCEPTED'),
  qed(
    'a backing file',
    [le64(16, 1), le32(56, 64), le32(60, 11), text(64, '/etc/passwd')],
    'BACKING_FILE',
    'NOT_ACCEPTED',
  ),
  qed(
    'a raw backing file',
    [le64(16, 5), le32(56, 64), le32(60, 11)],
    'BACKING_FILE',
    'NOT_ACCEPTED',
  ),
  qed('to be checked', [le64(16, 2)], 'CORRUPT', 'NOT_ACCEPTED'),
  qed('unknown features', [le64(16, 2n ** 40n)], 'NOT_ACCEPTED', 'UNKNOWN_FEATURE'),
  qed('clusters of 0 bytes', [le32(4, 0)], 'CLUSTER_SIZE', 'NOT_ACCEPTED'),
  qed('the table outside of the file', [le64(40, 2 ** 40)], 'NOT_ACCEPTED', 'OUTSIDE_FILE'),
  qed('a header of 2^32-1 clusters', [le32(12, 0xffffffff)], 'HEADER_LENGTH', 'NOT_ACCEPTED'),
];

export const containerShapes: readonly HostileImage[] = [
  ...vpcShapes,
  ...vhdxShapes,
  ...vdiShapes,
  ...parallelsShapes,
  ...qedShapes,
];

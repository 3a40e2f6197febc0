/** The images that mutation starts from, and where the fields of their headers are. */
import { crc32c } from '../../../src/inspector/formats/crc32c.ts';
import { vpcChecksum } from '../../../src/inspector/formats/vpc-footer.ts';
import { Bytes } from '../../../src/inspector/reader.ts';
import { be32, edited, le32 } from '../corpus/bytes.ts';
import type { Mutant } from './mutant.ts';

interface Field {
  readonly position: number;
  readonly width: 1 | 2 | 4 | 8;
  readonly order: 'be' | 'le';
}

export interface Seed {
  /** In the benign corpus. */
  readonly name: string;
  readonly fields: readonly Field[];
  /** Makes checksums right again, so that what they secure is looked at. */
  readonly repair?: (mutant: Mutant) => void;
}

type Place = readonly [position: number, width: Field['width']];

function fieldsAt(order: Field['order'], start: number, places: readonly Place[]): Field[] {
  return places.map(([position, width]) => ({ position: start + position, width, order }));
}

const qcow2Fields = fieldsAt('be', 0, [
  ...[4, 16, 20, 32, 36, 56, 60, 96, 100, 104, 112, 116].map((place): Place => [place, 4]),
  ...[8, 24, 40, 48, 64, 72, 80, 88].map((place): Place => [place, 8]),
]);
const qcow2FieldsV2 = [
  ...qcow2Fields.filter(({ position }) => position < 72),
  ...fieldsAt('be', 72, [
    [0, 4],
    [4, 4],
  ]),
];
const vmdkFields = fieldsAt('le', 0, [
  ...[4, 8, 44].map((place): Place => [place, 4]),
  ...[12, 20, 28, 36, 48, 56, 64].map((place): Place => [place, 8]),
  [72, 1],
  [77, 2],
]);
const vpcFooterPlaces: readonly Place[] = [
  ...[8, 12, 28, 60, 64].map((place): Place => [place, 4]),
  ...[16, 40, 48].map((place): Place => [place, 8]),
  [56, 2],
  [58, 1],
  [59, 1],
];
const vpcHeaderPlaces: readonly Place[] = [
  ...[24, 28, 32, 36, 56].map((place): Place => [place, 4]),
  ...[8, 16, 40, 576].map((place): Place => [place, 8]),
];
const MiB = 1024 ** 2;
const vhdxParts = [
  { position: 64 * 1024, lengthBytes: 4096 },
  { position: 128 * 1024, lengthBytes: 4096 },
  { position: 192 * 1024, lengthBytes: 65536 },
];
const vhdxRegionCopy = 256 * 1024;
const vhdxFields = [
  ...vhdxParts.slice(0, 2).flatMap(({ position }) =>
    fieldsAt('le', position, [
      [8, 8],
      [48, 8],
      [64, 2],
      [66, 2],
      [68, 4],
      [72, 8],
    ]),
  ),
  ...fieldsAt('le', 192 * 1024, [
    ...[8, 40, 72].map((place): Place => [place, 4]),
    ...[16, 32, 48, 64].map((place): Place => [place, 8]),
  ]),
  ...fieldsAt('le', 3 * MiB, [
    [10, 2],
    ...[0, 1, 2, 3, 4].flatMap((entry): Place[] => [
      [32 + entry * 32, 8],
      [48 + entry * 32, 4],
      [56 + entry * 32, 4],
    ]),
  ]),
  ...fieldsAt('le', 3 * MiB + 65536, [
    [0, 4],
    [4, 4],
    [8, 8],
    [32, 4],
    [36, 4],
  ]),
];
const vdiFields = fieldsAt('le', 0, [
  ...[0x40, 0x44, 0x48, 0x4c, 0x154, 0x158, 0x168, 0x178, 0x17c, 0x180, 0x184].map(
    (place): Place => [place, 4],
  ),
  ...[0x170, 0x1a8, 0x1b8].map((place): Place => [place, 8]),
]);
const qedFields = fieldsAt('le', 0, [
  ...[4, 8, 12, 56, 60].map((place): Place => [place, 4]),
  ...[16, 24, 32, 40, 48].map((place): Place => [place, 8]),
]);
const parallelsFields = fieldsAt('le', 0, [
  ...[16, 28, 32, 44, 48].map((place): Place => [place, 4]),
  ...[36, 56].map((place): Place => [place, 8]),
]);
const partitionFields = fieldsAt('le', 446, [
  ...[0, 4, 16, 20, 64].map((place): Place => [place, 1]),
  ...[8, 12].map((place): Place => [place, 4]),
]);

function repairVpc(mutant: Mutant): void {
  const isDynamic = new Bytes(mutant.read(0, 8)).startsWith('conectix');
  const last = Math.max(0, mutant.sizeBytes - 512);
  const footer = withVpcChecksum(mutant.read(isDynamic ? 0 : last, 512), 64);
  mutant.write(last, footer);
  if (!isDynamic) return;
  mutant.write(0, footer);
  mutant.write(512, withVpcChecksum(mutant.read(512, 1024), 36));
}

function withVpcChecksum(bytes: Uint8Array, position: number): Uint8Array {
  return edited(bytes, be32(position, vpcChecksum(new Bytes(bytes), position)));
}

function repairVhdx(mutant: Mutant): void {
  for (const { position, lengthBytes } of vhdxParts) {
    const part = edited(mutant.read(position, lengthBytes), le32(4, 0));
    mutant.write(position, edited(part, le32(4, crc32c(part))));
  }
  mutant.write(vhdxRegionCopy, mutant.read(192 * 1024, 65536));
}

const vpcFields = [...fieldsAt('be', 0, vpcFooterPlaces), ...fieldsAt('be', 512, vpcHeaderPlaces)];

export const seeds: readonly Seed[] = [
  { name: 'qcow2 compat=1.1 10M', fields: qcow2Fields },
  { name: 'qcow2 compat=0.10 10M', fields: qcow2FieldsV2 },
  { name: 'qcow2 extended_l2=on with data', fields: qcow2Fields },
  { name: 'qcow2 cluster_size=2097152 10M', fields: qcow2Fields },
  { name: 'vmdk 10M', fields: vmdkFields },
  { name: 'vmdk subformat=streamOptimized with data', fields: vmdkFields },
  { name: 'vmdk streamed, with a footer', fields: vmdkFields },
  { name: 'vmdk subformat=monolithicFlat 10M', fields: [] },
  { name: 'vpc subformat=dynamic 10M', fields: vpcFields, repair: repairVpc },
  {
    name: 'vpc subformat=fixed 1000',
    // The footer of this image of 68 sectors.
    fields: fieldsAt('be', 34816, vpcFooterPlaces),
    repair: repairVpc,
  },
  { name: 'vhdx 10M', fields: vhdxFields, repair: repairVhdx },
  { name: 'vdi 10M', fields: vdiFields },
  { name: 'qed 10M', fields: qedFields },
  { name: 'parallels 10M', fields: parallelsFields },
  { name: 'parallels of the old layout', fields: parallelsFields },
  { name: 'raw of 65535 bytes', fields: partitionFields },
  { name: 'mbr with GRUB', fields: partitionFields },
  { name: 'gpt of sgdisk', fields: partitionFields },
  { name: 'iso of genisoimage', fields: partitionFields },
];

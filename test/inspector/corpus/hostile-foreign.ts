/**
 * Formats that are never accepted, files that are two things at once, and files declared as what
 * they are not.
 */
import type { ViolationCode } from '../../../src/inspector/violation.ts';
import { appended, be32, grown, le32, text, truncated, type Edit } from './bytes.ts';
import type { HostileImage } from './hostile.ts';

const blankBytes = 128 * 1024;

function made(
  name: string,
  edits: readonly Edit[],
  ...codes: readonly ViolationCode[]
): HostileImage {
  return { name, edits: [grown(blankBytes), ...edits], codes };
}

const luksMagic = 'LUKS\xba\xbe';
const isoMagic = text(0x8001, 'CD001\x01');
const vpcTrailer: Edit = (image) => text(image.length - 512, 'conectix')(image);
const dmgTrailer: Edit = (image) => text(image.length - 512, 'koly\0\0\0\x04')(image);

const foreign = [
  made('empty file', [truncated(0)], 'EMPTY'),
  made('LUKS 1 in a raw image', [text(0, luksMagic), be32(6, 0x00010000)], 'ENCRYPTED'),
  made('LUKS 2 in a raw image', [text(0, luksMagic), be32(6, 0x00020000)], 'ENCRYPTED'),
  made(
    'LUKS of an unknown version',
    [text(0, luksMagic), be32(6, 0x00090000)],
    'ENCRYPTED',
    'VERSION',
  ),
  made(
    'LUKS with a huge iteration count',
    [text(0, luksMagic), be32(6, 0x00010000), be32(164, 0xffffffff), be32(208 + 4, 0xffffffff)],
    'ENCRYPTED',
  ),
  {
    ...made('LUKS declared raw', [text(0, luksMagic), be32(6, 0x00010000)], 'ENCRYPTED'),
    declared: 'raw',
    codes: ['ENCRYPTED', 'FORMAT_MISMATCH'],
  },
  made(
    'QED, cut off in its signature',
    [text(0, 'QED'), truncated(3)],
    'CLUSTER_SIZE',
    'NOT_ACCEPTED',
    'TRUNCATED',
  ),
  made('qcow version 1', [text(0, 'QFI\xfb\0\0\0\x01')], 'NOT_ACCEPTED'),
  made(
    'bochs',
    [text(0, 'Bochs Virtual HD Image\0'), text(32, 'Redolog'), text(48, 'Growing')],
    'NOT_ACCEPTED',
  ),
  made('cloop', [text(0, '#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0')], 'NOT_ACCEPTED'),
  made('dmg', [dmgTrailer], 'NOT_ACCEPTED'),
  made('dmg of an odd size', [grown(blankBytes + 7), dmgTrailer], 'NOT_ACCEPTED'),
  made(
    'text that begins as a descriptor',
    [text(0, '# a script\nversion=1\n')],
    'DESCRIPTOR',
    'EXTERNAL_EXTENT',
  ),
] satisfies readonly HostileImage[];

const qcow2 = 'qcow2 compat=1.1 10M';

const ambiguous: readonly HostileImage[] = [
  { name: 'qcow2 and ISO', base: qcow2, edits: [isoMagic], codes: ['AMBIGUOUS'] },
  {
    name: 'qcow2 with a backing file, and ISO, declared as ISO',
    base: qcow2,
    declared: 'iso',
    edits: [isoMagic, be32(12, 512), be32(16, 5), text(512, '/etc/')],
    codes: ['AMBIGUOUS', 'BACKING_FILE', 'FORMAT_MISMATCH'],
  },
  { name: 'qcow2 and VHD', base: qcow2, edits: [vpcTrailer], codes: ['AMBIGUOUS'] },
  { name: 'qcow2 and dmg', base: qcow2, edits: [dmgTrailer], codes: ['AMBIGUOUS'] },
  {
    name: 'qcow2 and a partition table',
    base: qcow2,
    edits: [
      // No extensions, which would end in the table.
      be32(112, 0),
      be32(116, 0),
      text(446, '\0'.repeat(64)),
      le32(446 + 4, 0x83),
      le32(446 + 8, 1),
      le32(446 + 12, 1),
      text(510, '\x55\xaa'),
    ],
    codes: ['AMBIGUOUS'],
  },
  {
    name: 'qcow2 and VDI',
    base: qcow2,
    edits: [le32(0x40, 0xbeda107f)],
    codes: ['AMBIGUOUS', 'CORRUPT'],
  },
  {
    name: 'VMDK and ISO',
    base: 'vmdk 10M',
    edits: [isoMagic],
    codes: ['AMBIGUOUS'],
  },
  {
    name: 'VHD around a qcow2',
    base: 'vpc subformat=fixed 10M',
    edits: [text(0, 'QFI\xfb\0\0\0\x03')],
    codes: ['AMBIGUOUS', 'CLUSTER_SIZE', 'HEADER_LENGTH'],
  },
];

const mismatches: readonly HostileImage[] = [
  {
    name: 'ISO declared raw',
    base: 'iso of genisoimage',
    declared: 'raw',
    edits: [],
    codes: ['FORMAT_MISMATCH'],
  },
  {
    name: 'raw declared qcow2',
    base: 'raw of 1000 bytes',
    declared: 'qcow2',
    edits: [],
    codes: ['FORMAT_MISMATCH'],
  },
  {
    name: 'gpt declared iso',
    base: 'gpt of sgdisk',
    declared: 'iso',
    edits: [],
    codes: ['FORMAT_MISMATCH'],
  },
  {
    name: 'vmdk declared raw',
    base: 'vmdk 10M',
    declared: 'raw',
    edits: [],
    codes: ['FORMAT_MISMATCH'],
  },
  {
    name: 'raw with a descriptor in front, declared raw',
    base: 'raw of 65535 bytes',
    declared: 'raw',
    edits: [
      (image) =>
        appended(image)(Uint8Array.from(Buffer.from('# Disk DescriptorFile\nversion=1\n'))),
    ],
    codes: ['DESCRIPTOR', 'EXTERNAL_EXTENT', 'FORMAT_MISMATCH'],
  },
];

export const foreignShapes: readonly HostileImage[] = [...foreign, ...ambiguous, ...mismatches];

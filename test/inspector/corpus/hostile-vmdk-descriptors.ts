/** Hostile descriptors of VMDK images: alone in a file, and inside of an image. */
import type { ViolationCode } from '../../../src/inspector/violation.ts';
import { le64, text, vmdkDescriptor, type Edit } from './bytes.ts';
import type { HostileImage } from './hostile.ts';

const sparse = 'vmdk 10M';

function shape(
  name: string,
  base: string,
  edits: readonly Edit[],
  ...codes: readonly ViolationCode[]
): HostileImage {
  return { name: `vmdk: ${name}`, base, edits, codes };
}

/** A file that is only a descriptor. */
function descriptorFile(name: string, createType: string, extent: string): HostileImage {
  const descriptor = [
    '# Disk DescriptorFile',
    'version=1',
    'CID=12345678',
    'parentCID=ffffffff',
    `createType="${createType}"`,
    extent,
    '',
  ].join('\n');
  return {
    name: `vmdk: ${name}`,
    edits: [() => Uint8Array.from(Buffer.from(descriptor, 'latin1'))],
    codes: ['EXTERNAL_EXTENT', 'NOT_ACCEPTED'],
  };
}

const replaced = (from: string | RegExp, to: string) =>
  vmdkDescriptor((descriptor) => descriptor.replace(from, to));
const added = (line: string) => vmdkDescriptor((descriptor) => `${descriptor}${line}\n`);

const descriptorFiles = [
  descriptorFile('flat, by an absolute name', 'monolithicFlat', 'RW 20480 FLAT "/etc/passwd" 0'),
  descriptorFile('flat, by a relative name', 'monolithicFlat', 'RW 20480 FLAT "../../secret" 0'),
  descriptorFile('flat, by a bare name', 'monolithicFlat', 'RW 20480 FLAT "secret" 0'),
  descriptorFile('twoGbMaxExtentSparse', 'twoGbMaxExtentSparse', 'RW 20480 SPARSE "a-s001.vmdk"'),
  descriptorFile('vmfs', 'vmfs', 'RW 20480 VMFS "a-flat.vmdk"'),
  descriptorFile('seSparse', 'seSparse', 'RW 20480 SESPARSE "a-sesparse.vmdk"'),
  descriptorFile('fullDevice', 'fullDevice', 'RW 20480 FLAT "/dev/sda" 0'),
  descriptorFile('monolithicSparse elsewhere', 'monolithicSparse', 'RW 20480 SPARSE "/etc/passwd"'),
  shape(
    'over 1 MB of descriptor',
    sparse,
    [
      () =>
        Uint8Array.from(Buffer.from(`# Disk DescriptorFile\nversion=1\n${'# x\n'.repeat(300000)}`)),
    ],
    'DESCRIPTOR',
    'EXTERNAL_EXTENT',
  ),
  shape(
    'a descriptor behind comments',
    sparse,
    [() => Uint8Array.from(Buffer.from('# one\n  \r\n# two\nversion=1\ncreateType="vmfs"\n'))],
    'DESCRIPTOR',
    'EXTERNAL_EXTENT',
    'NOT_ACCEPTED',
  ),
];

const descriptors = [
  shape(
    'capacity 0 with a flat descriptor inside',
    sparse,
    [
      le64(12, 0),
      replaced('monolithicSparse', 'monolithicFlat'),
      replaced(/RW .*/, 'RW 20480 FLAT "/etc/passwd" 0'),
    ],
    'DESCRIPTOR',
    'EXTERNAL_EXTENT',
    'NOT_ACCEPTED',
  ),
  shape(
    'a flat descriptor inside',
    sparse,
    [
      replaced('monolithicSparse', 'monolithicFlat'),
      replaced(/RW .*/, 'RW 20480 FLAT "/etc/passwd" 0'),
    ],
    'EXTERNAL_EXTENT',
    'NOT_ACCEPTED',
  ),
  shape(
    'an extent by an absolute name',
    sparse,
    [replaced(/SPARSE .*/, 'SPARSE "/etc/passwd"')],
    'EXTERNAL_EXTENT',
  ),
  shape(
    'a second extent',
    sparse,
    [replaced(/(RW .*)/, '$1\nRW 1 FLAT "/etc/passwd" 0')],
    'EXTERNAL_EXTENT',
  ),
  shape(
    'an extent at a place in the file',
    sparse,
    [replaced(/SPARSE (".*")/, 'SPARSE $1 5')],
    'DESCRIPTOR',
    'EXTERNAL_EXTENT',
  ),
  shape(
    'an extent that is not to be read',
    sparse,
    [replaced('RW ', 'NOACCESS ')],
    'EXTERNAL_EXTENT',
  ),
  shape('no extent', sparse, [replaced(/RW .*/, '')], 'EXTERNAL_EXTENT'),
  shape('an extent of another size', sparse, [replaced('RW 20480', 'RW 20481')], 'DESCRIPTOR'),
  shape(
    'parentFileNameHint',
    sparse,
    [added('parentFileNameHint="/etc/passwd"')],
    'DESCRIPTOR',
    'PARENT',
  ),
  shape(
    'parentFileNameHint in a comment',
    sparse,
    [added('# parentFileNameHint="/etc/passwd"')],
    'PARENT',
  ),
  shape(
    'parentFileNameHint in a value',
    sparse,
    [added('ddb.comment = "parentFileNameHint"')],
    'PARENT',
  ),
  shape(
    'a parent by its CID',
    sparse,
    [replaced('parentCID=ffffffff', 'parentCID=12345678')],
    'PARENT',
  ),
  shape(
    'a parent by its UUID',
    sparse,
    [added('ddb.uuid.parent="6c1ae3e8-0000-0000-0000-000000000000"')],
    'PARENT',
  ),
  shape('a change-tracking file', sparse, [added('changeTrackPath="/etc/passwd"')], 'DESCRIPTOR'),
  shape(
    'a key repeated',
    sparse,
    [added('createType="monolithicFlat"')],
    'DESCRIPTOR',
    'NOT_ACCEPTED',
  ),
  shape(
    'a key in other letters',
    sparse,
    [replaced('createType', 'CreateType')],
    'DESCRIPTOR',
    'NOT_ACCEPTED',
  ),
  shape(
    'a key repeated in other letters',
    sparse,
    [added('createtype="monolithicFlat"')],
    'DESCRIPTOR',
  ),
  shape(
    'a key of the database repeated in other letters',
    sparse,
    [added('ddb.adaptertype="ide"')],
    'DESCRIPTOR',
  ),
  shape(
    'the create type in a comment before',
    sparse,
    [replaced('version=1', '# createType="vmfs"\nversion=1')],
    'DESCRIPTOR',
  ),
  shape(
    'the CID in a comment before',
    sparse,
    [replaced('version=1', '# CID=1\nversion=1')],
    'DESCRIPTOR',
  ),
  ...['vmfs', 'vmfsSparse', 'twoGbMaxExtentFlat', 'custom', ''].map((createType) =>
    shape(
      `create type ${createType}`,
      sparse,
      [replaced('monolithicSparse', createType)],
      'NOT_ACCEPTED',
    ),
  ),
  shape(
    'streamOptimized without compression',
    sparse,
    [replaced('monolithicSparse', 'streamOptimized')],
    'DESCRIPTOR',
  ),
  shape(
    'CRLF',
    sparse,
    [vmdkDescriptor((all) => all.replaceAll('\n', '\r\n'))],
    'DESCRIPTOR',
    'EXTERNAL_EXTENT',
    'NOT_ACCEPTED',
    'VERSION',
  ),
  shape(
    'CR only',
    sparse,
    [vmdkDescriptor((all) => all.replaceAll('\n', '\r'))],
    'DESCRIPTOR',
    'EXTERNAL_EXTENT',
    'NOT_ACCEPTED',
    'VERSION',
  ),
  shape(
    'tabs',
    sparse,
    [replaced('RW 20480 SPARSE', 'RW\t20480\tSPARSE')],
    'DESCRIPTOR',
    'EXTERNAL_EXTENT',
  ),
  shape(
    'a NUL in the middle',
    sparse,
    [replaced('# Extent description', '\0 Extent description')],
    'DESCRIPTOR',
    'EXTERNAL_EXTENT',
  ),
  shape(
    'two descriptors',
    sparse,
    [vmdkDescriptor((all) => all + all)],
    'DESCRIPTOR',
    'EXTERNAL_EXTENT',
  ),
  shape(
    'seven bytes behind the end',
    sparse,
    [vmdkDescriptor((all) => `${all}\0${all.slice(-7)}`)],
    'DESCRIPTOR',
  ),
  shape(
    'other bytes than those of its end behind it',
    sparse,
    [vmdkDescriptor((all) => `${all}\0RW 1`)],
    'DESCRIPTOR',
  ),
  shape(
    'a second descriptor behind the first',
    sparse,
    [text(512 + 4096, '# Disk DescriptorFile\nversion=1\nparentFileNameHint="/etc/passwd"\n')],
    'DESCRIPTOR',
  ),
  shape(
    'no end of the descriptor',
    sparse,
    [
      le64(36, 1),
      vmdkDescriptor(
        (all) => `${all}#${'x'.repeat(511 - all.length)}parentFileNameHint="/etc/passwd"`,
      ),
    ],
    'DESCRIPTOR',
  ),
  shape('no descriptor', sparse, [vmdkDescriptor(() => '')], 'DESCRIPTOR'),
];

export const vmdkDescriptorShapes: readonly HostileImage[] = [...descriptorFiles, ...descriptors];

/** Every format and option of Debian's qemu-img 7.2 that is worth having in an image. */
import type { DetectedFormat } from '../../../src/inspector/format-parser.ts';
import type { ViolationCode } from '../../../src/inspector/violation.ts';
import type { BenignImage } from './benign.ts';
import { run } from './tools.ts';

const secret = ['--object', 'secret,id=key,data=platter'];

/** An empty image; `options` as `-o` takes them. */
function empty(format: DetectedFormat, options = '', size = '10M'): BenignImage {
  const args = options === '' ? [] : ['-o', options];
  return {
    name: named(format, options, size),
    format,
    make: (path) => run('qemu-img', 'create', ...secret, '-f', format, ...args, path, size),
  };
}

/** An image with data, holes and zeros. */
function filled(format: DetectedFormat, options = '', ...flags: string[]): BenignImage {
  const args = options === '' ? [] : ['-o', options];
  return {
    name: named(format, options, ...flags, 'with data'),
    format,
    make: (path, content) =>
      run('qemu-img', 'convert', '-f', 'raw', '-O', format, ...flags, ...args, content, path),
  };
}

function named(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

function refused(image: BenignImage, reason: string, ...codes: ViolationCode[]): BenignImage {
  return { ...image, refused: { reason, codes } };
}

const qcow2Images: readonly BenignImage[] = [
  'compat=0.10',
  'compat=1.1',
  'lazy_refcounts=on',
  'extended_l2=on',
  ...[512, 4096, 65536, 2 * 1024 ** 2].map((bytes) => `cluster_size=${bytes}`),
  ...[1, 2, 4, 8, 32, 64].map((bits) => `refcount_bits=${bits}`),
  ...['metadata', 'falloc', 'full'].map((mode) => `preallocation=${mode}`),
  'compression_type=zstd',
  'extended_l2=on,cluster_size=16k,preallocation=metadata',
].map((options) => empty('qcow2', options));

const qcow2Refused: readonly BenignImage[] = [
  refused(
    empty('qcow2', 'encrypt.format=luks,encrypt.key-secret=key,encrypt.iter-time=10'),
    'encrypted images cannot be looked into',
    'ENCRYPTED',
  ),
  refused(
    empty('qcow2', 'encrypt.format=aes,encrypt.key-secret=key'),
    'encrypted images cannot be looked into',
    'ENCRYPTED',
  ),
  refused(
    {
      name: 'qcow2 with a data file that is raw',
      format: 'qcow2',
      make: (path) =>
        run(
          ...['qemu-img', 'create', '-f', 'qcow2', '-o'],
          `data_file=${path}.data,data_file_raw=on`,
          path,
          '10M',
        ),
    },
    'an image has to be one file',
    'DATA_FILE',
  ),
  refused(
    {
      name: 'qcow2 with a data file',
      format: 'qcow2',
      make: (path) =>
        run('qemu-img', 'create', '-f', 'qcow2', '-o', `data_file=${path}.data`, path, '10M'),
    },
    'an image has to be one file',
    'DATA_FILE',
  ),
  refused(
    {
      name: 'qcow2 with a backing file',
      format: 'qcow2',
      make: (path, content) =>
        run('qemu-img', 'create', '-f', 'qcow2', '-b', content, '-F', 'raw', path),
    },
    'an image has to be one file',
    'BACKING_FILE',
  ),
];

/** What happens to images in use. */
function used(name: string, ...uses: readonly (readonly [string, ...string[]])[]): BenignImage {
  return {
    name: `qcow2 with ${name}`,
    format: 'qcow2',
    make: (path) => {
      run('qemu-img', 'create', '-f', 'qcow2', path, '10M');
      for (const [subcommand, ...args] of uses) {
        run('qemu-img', subcommand, ...args.map((arg) => (arg === 'FILE' ? path : arg)));
      }
    },
  };
}

const qcow2Used: readonly BenignImage[] = [
  used('snapshots', ['snapshot', '-c', 'one', 'FILE'], ['snapshot', '-c', 'two', 'FILE']),
  used('a bitmap', ['bitmap', '--add', 'FILE', 'dirty']),
  used('more space than it had', ['resize', '-f', 'qcow2', 'FILE', '200G']),
  used('a version that it did not have', ['amend', '-f', 'qcow2', '-o', 'compat=0.10', 'FILE']),
];

const vmdkImages: readonly BenignImage[] = [
  '',
  'subformat=streamOptimized',
  'zeroed_grain=on',
  'compat6=on',
  'hwversion=6,adapter_type=lsilogic,toolsversion=2147483647',
  'adapter_type=buslogic',
  'adapter_type=legacyESX',
].map((options) => empty('vmdk', options));

const vmdkRefused: readonly BenignImage[] = [
  ...['monolithicFlat', 'twoGbMaxExtentSparse', 'twoGbMaxExtentFlat'].map((subformat) =>
    refused(
      empty('vmdk', `subformat=${subformat}`),
      'the data lies in other files, which the descriptor names',
      'EXTERNAL_EXTENT',
      'NOT_ACCEPTED',
    ),
  ),
  refused(
    { ...empty('vmdk', '', '0'), toolRefuses: true },
    'a capacity of 0 means that the descriptor names the data; qemu-img cannot open it either',
    'EXTERNAL_EXTENT',
  ),
  refused(
    {
      name: 'vmdk with a parent',
      format: 'vmdk',
      make: (path) => {
        run('qemu-img', 'create', '-f', 'vmdk', `${path}.parent`, '10M');
        run('qemu-img', 'create', '-f', 'vmdk', '-b', `${path}.parent`, '-F', 'vmdk', path);
      },
    },
    'an image has to be one file',
    'DESCRIPTOR',
    'PARENT',
  ),
];

const vpcImages: readonly BenignImage[] = ['dynamic', 'fixed'].flatMap((subformat) => [
  empty('vpc', `subformat=${subformat}`),
  empty('vpc', `subformat=${subformat},force_size=on`),
  empty('vpc', `subformat=${subformat}`, '1000'),
  filled('vpc', `subformat=${subformat}`),
]);

const emptyRule = 'above 256 GiB a disk has to be in proportion to its file';
const noDiskRule = 'there is no disk in it';
const qedRule = 'nothing writes QED any more, and it can name a backing file';

export const qemuImages: readonly BenignImage[] = [
  ...qcow2Images,
  empty('qcow2', '', '1000'),
  refused(empty('qcow2', '', '0'), noDiskRule, 'EMPTY'),
  empty('qcow2', '', '100G'),
  refused(empty('qcow2', '', '1T'), emptyRule, 'EXPANSION'),
  filled('qcow2', '', '-c'),
  filled('qcow2', 'compression_type=zstd', '-c'),
  filled('qcow2', 'compat=0.10,cluster_size=512'),
  filled('qcow2', 'extended_l2=on'),
  ...qcow2Used,
  ...qcow2Refused,
  ...vmdkImages,
  empty('vmdk', '', '100G'),
  filled('vmdk'),
  filled('vmdk', 'subformat=streamOptimized'),
  ...vmdkRefused,
  ...vpcImages,
  empty('vpc', '', '200G'),
  refused(empty('vpc', '', '2040G'), emptyRule, 'EXPANSION'),
  ...['', 'subformat=fixed', 'block_size=1M', 'block_size=256M', 'log_size=2M'].map((options) =>
    empty('vhdx', options),
  ),
  empty('vhdx', '', '1000'),
  refused(empty('vhdx', '', '1T'), emptyRule, 'EXPANSION'),
  filled('vhdx', 'block_state_zero=off'),
  ...['', 'static=on'].map((options) => empty('vdi', options)),
  empty('vdi', '', '1000'),
  refused(empty('vdi', '', '0'), noDiskRule, 'EMPTY'),
  filled('vdi'),
  ...['', 'cluster_size=64k', 'cluster_size=3584', 'cluster_size=64M'].map((options) =>
    empty('parallels', options),
  ),
  filled('parallels'),
  refused(empty('parallels', 'cluster_size=512', '5G'), 'tables end at 32 MiB', 'TABLE_SIZE'),
  ...['', 'cluster_size=4096,table_size=16'].map((options) =>
    refused(empty('qed', options), qedRule, 'NOT_ACCEPTED'),
  ),
  refused(filled('qed'), qedRule, 'NOT_ACCEPTED'),
  refused(
    { ...empty('qed', 'table_size=1'), toolRefuses: true },
    'qemu-img makes such an image, but cannot open it',
    'NOT_ACCEPTED',
    'TABLE_SIZE',
  ),
  refused(empty('qcow'), 'the first version of qcow is obsolete', 'NOT_ACCEPTED'),
  refused(
    empty('luks', 'key-secret=key,iter-time=10'),
    'encrypted images cannot be looked into',
    'ENCRYPTED',
  ),
];

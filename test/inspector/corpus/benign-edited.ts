/** What other programs write and qemu-img cannot make: its images with some fields changed. */
import type { BenignImage } from './benign.ts';
import {
  be64,
  edited,
  le32,
  le64,
  qcow2Extension,
  text,
  vmdkDescriptor,
  vmdkWithFooter,
  vpcFooter,
  type Edit,
} from './bytes.ts';
import { readFileSync, writeFileSync } from 'node:fs';
import { run } from './tools.ts';

function changed(
  name: string,
  format: 'qcow2' | 'vmdk' | 'vpc' | 'vdi' | 'parallels',
  options: string,
  ...edits: readonly Edit[]
): BenignImage {
  return {
    name: `${format} ${name}`,
    format,
    make: (path) => {
      const args = options === '' ? [] : ['-o', options];
      run('qemu-img', 'create', '-f', format, ...args, path, '10M');
      writeFileSync(path, edited(readFileSync(path), ...edits));
    },
  };
}

/** As qemu leaves it: what had come last before stands behind the new end. */
function withShorterId(descriptor: string): string {
  const shorter = descriptor.replace(/^(CID=[0-9a-f])[0-9a-f]{7}$/m, '$1');
  return `${shorter}\0${shorter.slice(-6)}`;
}

/**
 * The size in the footer is other than that of the geometry: which one counts depends on the
 * creator.
 */
const creators = ['vpc ', 'vbox', 'win ', 'd2v ', 'tap\0', 'tapX', 'CTXS', 'qemu', 'qem2', 'WIN '];

export const editedImages: readonly BenignImage[] = [
  ...creators.map((creator) =>
    changed(
      `by ${JSON.stringify(creator)}`,
      'vpc',
      '',
      vpcFooter(text(28, creator), be64(48, 8192000)),
    ),
  ),
  changed('of Virtual PC, fixed', 'vpc', 'subformat=fixed', vpcFooter(text(28, 'vpc '))),
  changed('of Hyper-V, fixed', 'vpc', 'subformat=fixed', vpcFooter(text(28, 'win '))),
  changed('streamed, with a footer', 'vmdk', 'subformat=streamOptimized', vmdkWithFooter()),
  changed(
    'streamed, with a footer and no copy of the directory',
    'vmdk',
    'subformat=streamOptimized',
    vmdkWithFooter(),
    le64(48, 2n ** 64n - 1n),
  ),
  changed('with a shorter content id than before', 'vmdk', '', vmdkDescriptor(withShorterId)),
  changed('of VirtualBox', 'vdi', '', le32(0x48, 400)),
  changed('of an odd size', 'vdi', '', le64(0x170, 1000)),
  changed('of the old layout', 'parallels', '', text(0, 'WithoutFreeSpace')),
  changed('closed by Parallels', 'parallels', '', le32(44, 0x312e3276)),
  changed(
    'of an older qemu, with names of features',
    'qcow2',
    'compat=0.10',
    qcow2Extension(72, 0x6803f857, '\0\0dirty bit'.padEnd(48, '\0')),
  ),
  changed(
    'of an older qemu, with a short header',
    'qcow2',
    '',
    le32(100, 0x68000000),
    qcow2Extension(104, 0x12345678, 'an extension that nobody knows'),
  ),
];

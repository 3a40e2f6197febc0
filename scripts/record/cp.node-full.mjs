// Records what Node's own file calls do on full and read-only filesystems.
import { constants, promises as fs } from 'node:fs';
import { note } from './cp.note.mjs';
import {
  COREUTILS_FIXTURES,
  MiB,
  GiB,
  mount,
  must,
  ROOT,
  run,
  unmountAll,
  writeJson,
  writePieces,
} from './record-qemu.mjs';

const C = `${ROOT}/cp`;
const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE } = constants;
const entries = [];
for (const kind of ['xfs', 'btrfs', 'ext4', 'tmpfs']) {
  const dir = `${C}/small`;
  mount(kind, dir, { ext4: 8 * MiB, xfs: 300 * MiB, btrfs: 120 * MiB, tmpfs: 8 * MiB }[kind]);
  writePieces(`${dir}/src`, 4 * MiB, [[0, 4 * MiB, 1]]);
  must(['sync', '-f', dir]);
  run(['dd', 'if=/dev/zero', `of=${dir}/fill`, 'bs=1M']);
  run(['dd', 'if=/dev/zero', `of=${dir}/fill2`, 'bs=4096']);
  run(['sync', '-f', dir]);
  await note(
    entries,
    `${kind}, full: clone`,
    'copyFile FICLONE_FORCE|EXCL',
    () => fs.copyFile(`${dir}/src`, `${dir}/dst`, COPYFILE_FICLONE_FORCE | COPYFILE_EXCL),
    [`${dir}/dst`],
  );
  must(['rm', '-f', `${dir}/dst`]);
  await note(
    entries,
    `${kind}, full: plain copy`,
    'copyFile EXCL',
    () => fs.copyFile(`${dir}/src`, `${dir}/dst`, COPYFILE_EXCL),
    [`${dir}/dst`],
  );
  must(['rm', '-f', `${dir}/dst`]);
  await note(
    entries,
    `${kind}, full: write of a small file`,
    'writeFile',
    () => fs.writeFile(`${dir}/note`, '{}'.repeat(100)),
    [`${dir}/note`],
  );
  await note(
    entries,
    `${kind}, full: rename`,
    'rename',
    () => fs.rename(`${dir}/src`, `${dir}/moved`),
    [`${dir}/moved`],
  );
  await note(
    entries,
    `${kind}, full: link`,
    'link',
    () => fs.link(`${dir}/moved`, `${dir}/linked`),
    [`${dir}/linked`],
  );
  await note(entries, `${kind}, full: mkdir`, 'mkdir', () => fs.mkdir(`${dir}/made`), [
    `${dir}/made`,
  ]);
}
mount('ext4', `${C}/ext4`, GiB);
writePieces(`${C}/ext4/src`, MiB, [[0, MiB, 1]]);
const ro = `${C}/small`;
mount('tmpfs', ro, MiB);
must(['mount', '-o', 'remount,ro', ro]);
await note(
  entries,
  'read-only: clone',
  'copyFile FICLONE_FORCE|EXCL',
  () => fs.copyFile(`${C}/ext4/src`, `${ro}/dst`, COPYFILE_FICLONE_FORCE | COPYFILE_EXCL),
  [],
);
await note(entries, 'read-only: mkdir', 'mkdir', () => fs.mkdir(`${ro}/d`), []);
writeJson(`${COREUTILS_FIXTURES}/node-fs-full.json`, entries);
unmountAll();

// Records what Node's own file calls do on ext4, xfs (reflink), btrfs, tmpfs and overlayfs: clones, links, renames, O_DIRECT, syncs.
import { constants, promises as fs } from 'node:fs';
import { note as noteIn } from './cp.note.mjs';
import {
  COREUTILS_FIXTURES,
  fresh,
  GiB,
  KiB,
  MiB,
  mount,
  must,
  ROOT,
  run,
  unmountAll,
  writeJson,
  writePieces,
} from './record-qemu.mjs';

const C = `${ROOT}/cp`;
const {
  COPYFILE_EXCL,
  COPYFILE_FICLONE,
  COPYFILE_FICLONE_FORCE,
  O_CREAT,
  O_DIRECT,
  O_EXCL,
  O_RDWR,
  O_WRONLY,
} = constants;
const entries = [];
const note = (...args) => noteIn(entries, ...args);
for (const kind of ['ext4', 'xfs', 'btrfs', 'tmpfs']) {
  mount(kind, `${C}/${kind}`, kind === 'tmpfs' ? 256 * MiB : GiB);
}
const lower = fresh(`${C}/ext4/lower`);
fresh(`${C}/ext4/upper`);
fresh(`${C}/ext4/work`);
fresh(`${C}/overlay`);
must([
  'mount',
  '-t',
  'overlay',
  'overlay',
  '-o',
  `lowerdir=${lower},upperdir=${C}/ext4/upper,workdir=${C}/ext4/work`,
  `${C}/overlay`,
]);

for (const kind of ['ext4', 'xfs', 'btrfs', 'tmpfs', 'overlay']) {
  await record(kind);
}
must(['umount', `${C}/overlay`]);
writeJson(`${COREUTILS_FIXTURES}/node-fs.json`, entries);
unmountAll();

function setUp(dir) {
  writePieces(`${dir}/src`, 8 * MiB, [
    [0, MiB, 0x11],
    [4 * MiB, 64 * KiB, 0x12],
  ]);
  writePieces(`${dir}/old`, MiB, [[0, MiB, 0x77]]);
  run(['sync', '-f', dir]);
}

async function record(kind) {
  const dir = `${C}/${kind}`;
  const [src, old, dst] = [`${dir}/src`, `${dir}/old`, `${dir}/dst`];
  const clone = COPYFILE_FICLONE_FORCE | COPYFILE_EXCL;
  const reset = () => {
    must(['rm', '-rf', dst, `${dir}/dir`, `${dir}/dir2`]);
    setUp(dir);
  };
  const n = async (name, call, action, files) => {
    reset();
    await note(`${kind}: ${name}`, call, action, files);
  };
  await n('clone', 'copyFile FICLONE_FORCE|EXCL', () => fs.copyFile(src, dst, clone), [dst]);
  await n(
    'clone onto an existing file',
    'copyFile FICLONE_FORCE|EXCL',
    () => fs.copyFile(src, old, clone),
    [old],
  );
  await n(
    'clone onto an existing file, without EXCL',
    'copyFile FICLONE_FORCE',
    () => fs.copyFile(src, old, COPYFILE_FICLONE_FORCE),
    [old],
  );
  await n(
    'clone of a missing file',
    'copyFile FICLONE_FORCE|EXCL',
    () => fs.copyFile(`${dir}/none`, dst, clone),
    [dst],
  );
  await n(
    'clone of a directory',
    'copyFile FICLONE_FORCE|EXCL',
    () => fs.copyFile(dir, dst, clone),
    [dst],
  );
  await n(
    'clone into a missing directory',
    'copyFile FICLONE_FORCE|EXCL',
    () => fs.copyFile(src, `${dir}/no/x`, clone),
    [],
  );
  const other = kind === 'xfs' ? `${C}/btrfs` : `${C}/xfs`;
  must(['rm', '-f', `${other}/cross`]);
  await n(
    'clone to another filesystem',
    'copyFile FICLONE_FORCE|EXCL',
    () => fs.copyFile(src, `${other}/cross`, clone),
    [`${other}/cross`],
  );
  must(['rm', '-f', `${other}/cross`]);
  await n(
    'clone with fallback',
    'copyFile FICLONE|EXCL',
    () => fs.copyFile(src, dst, COPYFILE_FICLONE | COPYFILE_EXCL),
    [dst],
  );
  await n('plain copy', 'copyFile EXCL', () => fs.copyFile(src, dst, COPYFILE_EXCL), [dst]);
  await n('link', 'link', () => fs.link(src, dst), [dst]);
  await n('link onto an existing file', 'link', () => fs.link(src, old), [old]);
  await n('link of a missing file', 'link', () => fs.link(`${dir}/none`, dst), [dst]);
  await n('link to another filesystem', 'link', () => fs.link(src, `${other}/cross`), [
    `${other}/cross`,
  ]);
  await n(
    'link of a directory',
    'link',
    async () => {
      await fs.mkdir(`${dir}/dir`);
      await fs.link(`${dir}/dir`, dst);
    },
    [dst],
  );
  await n('rename', 'rename', () => fs.rename(src, dst), [src, dst]);
  await n('rename onto an existing file', 'rename', () => fs.rename(src, old), [src, old]);
  await n('rename of a missing file', 'rename', () => fs.rename(`${dir}/none`, dst), [dst]);
  await n('rename to another filesystem', 'rename', () => fs.rename(src, `${other}/cross`), [
    src,
    `${other}/cross`,
  ]);
  await n(
    'rename of a file onto a directory',
    'rename',
    async () => {
      await fs.mkdir(`${dir}/dir`);
      await fs.rename(src, `${dir}/dir`);
    },
    [src],
  );
  await n(
    'rename of a directory onto a file',
    'rename',
    async () => {
      await fs.mkdir(`${dir}/dir`);
      await fs.rename(`${dir}/dir`, old);
    },
    [old],
  );
  await n('rename of a directory onto an empty one', 'rename', async () => {
    await fs.mkdir(`${dir}/dir`);
    await fs.mkdir(`${dir}/dir2`);
    await fs.rename(`${dir}/dir`, `${dir}/dir2`);
  });
  await n('rename of a directory onto a full one', 'rename', async () => {
    await fs.mkdir(`${dir}/dir`);
    await fs.mkdir(`${dir}/dir2`);
    await fs.writeFile(`${dir}/dir2/x`, '');
    await fs.rename(`${dir}/dir`, `${dir}/dir2`);
  });
  await n(
    'rename between two links of one file',
    'rename',
    async () => {
      await fs.link(src, dst);
      await fs.rename(src, dst);
    },
    [src, dst],
  );
  await n('O_DIRECT open to read', 'open O_RDONLY|O_DIRECT', () => use(fs.open(src, O_DIRECT)), []);
  await n(
    'O_DIRECT create',
    'open O_RDWR|O_CREAT|O_DIRECT',
    () => use(fs.open(dst, O_RDWR | O_CREAT | O_DIRECT)),
    [dst],
  );
  await n(
    'O_DIRECT create in a missing directory',
    'open O_RDWR|O_CREAT|O_DIRECT',
    () => use(fs.open(`${dir}/no/x`, O_RDWR | O_CREAT | O_DIRECT)),
    [],
  );
  await n(
    'O_EXCL create of an existing file',
    'open O_WRONLY|O_CREAT|O_EXCL',
    () => use(fs.open(old, O_WRONLY | O_CREAT | O_EXCL)),
    [old],
  );
  await n(
    'fsync of a directory',
    'open directory, sync',
    () => use(fs.open(dir, 'r'), (handle) => handle.sync()),
    [],
  );
  await n(
    'fdatasync of a file',
    'open, datasync',
    () => use(fs.open(src, 'r'), (handle) => handle.datasync()),
    [],
  );
  await n('truncate to 100 TiB', 'truncate', () => fs.truncate(old, 100 * 1024 * GiB), []);
  await n('unlink of a missing file', 'unlink', () => fs.unlink(`${dir}/none`), []);
  await n(
    'unlink of a directory',
    'unlink',
    async () => {
      await fs.mkdir(`${dir}/dir`);
      await fs.unlink(`${dir}/dir`);
    },
    [],
  );
  await n(
    'rmdir of a full directory',
    'rmdir',
    async () => {
      await fs.mkdir(`${dir}/dir`);
      await fs.writeFile(`${dir}/dir/x`, '');
      await fs.rmdir(`${dir}/dir`);
    },
    [],
  );
  await n(
    'mkdir of an existing directory',
    'mkdir',
    async () => {
      await fs.mkdir(`${dir}/dir`);
      await fs.mkdir(`${dir}/dir`);
    },
    [],
  );
  await n('name of 256 bytes', 'open', () => fs.writeFile(`${dir}/${'n'.repeat(256)}`, ''), []);
  await n(
    'statfs',
    'statfs',
    async () => {
      const { type, bsize } = await fs.statfs(dir);
      return { type: `0x${type.toString(16)}`, bsize };
    },
    [],
  );
  await n(
    'punch of data and allocated size',
    'stat after a write without sync',
    async () => {
      await fs.writeFile(dst, Buffer.alloc(MiB, 1));
      return { allocatedBytes: (await fs.stat(dst)).blocks * 512 };
    },
    [],
  );
  must(['rm', '-rf', `${dir}/dir`, `${dir}/dir2`]);
}

async function use(opening, action = () => Promise.resolve()) {
  const handle = await opening;
  try {
    await action(handle);
  } finally {
    await handle.close();
  }
}

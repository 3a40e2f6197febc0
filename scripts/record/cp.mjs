// Records coreutils `cp` on ext4, xfs (reflink), btrfs and tmpfs.
import { writeFileSync } from 'node:fs';
import {
  COREUTILS_FIXTURES,
  describeFile,
  digest,
  GiB,
  KiB,
  MiB,
  mount,
  must,
  ROOT,
  run,
  Topic,
  unmountAll,
  writePieces,
} from './record-qemu.mjs';

const C = `${ROOT}/cp`;
const KINDS = { ext4: GiB, xfs: GiB, btrfs: GiB, tmpfs: 512 * MiB };
for (const [kind, bytes] of Object.entries(KINDS)) {
  mount(kind, `${C}/${kind}`, bytes);
}
const SOURCES =
  'src: 8 MiB, data 0-1M and 64 KiB at 4M, written zeros 6-7M, the rest holes; odd: 100001 bytes of data; hole: 16 MiB without data; empty';
copies();
unmountAll();

/** The common sources: holes, data, written zeros; an odd length; nothing but a hole; nothing. */
function sources(dir) {
  writePieces(`${dir}/src`, 8 * MiB, [
    [0, MiB, 0x11],
    [4 * MiB, 64 * KiB, 0x12],
    [6 * MiB, MiB, 0],
  ]);
  writePieces(`${dir}/odd`, 100001, [[0, 100001, 0x13]]);
  writePieces(`${dir}/hole`, 16 * MiB, []);
  writeFileSync(`${dir}/empty`, '');
  must(['sync', '-f', dir]);
}

/** Allocated sizes after a sync: delayed allocation is settled. */
function settled(path) {
  run(['sync', '-f', path.slice(0, path.lastIndexOf('/'))]);
  return describeFile(path);
}

function copies() {
  const t = new Topic(COREUTILS_FIXTURES, 'cp');
  t.did(SOURCES);
  for (const kind of Object.keys(KINDS)) {
    const dir = `${C}/${kind}`;
    sources(dir);
    const c = (name, argv, target, { keep = false, ...more } = {}) => {
      if (!keep) {
        must(['rm', '-rf', target]);
      }
      const entry = t.record(`${kind}: ${name}`, ['cp', ...argv], more);
      entry.files = [settled(target)];
      if (entry.files[0].exists && entry.files[0].kind === undefined) {
        entry.content = digest(target);
      }
      return entry;
    };
    const to = `${dir}/dst`;
    t.record(`${kind}: the sources`, [
      'du',
      '--block-size=1',
      `${dir}/src`,
      `${dir}/odd`,
      `${dir}/hole`,
    ]);
    for (const reflink of ['auto', 'always', 'never']) {
      for (const sparse of ['always', 'auto', 'never']) {
        c(
          `--sparse=${sparse} --reflink=${reflink}`,
          [`--sparse=${sparse}`, `--reflink=${reflink}`, `${dir}/src`, to],
          to,
        );
      }
    }
    c('without options', [`${dir}/src`, to], to);
    c('odd length', ['--sparse=always', '--reflink=auto', `${dir}/odd`, to], to);
    c('nothing but a hole', ['--sparse=always', '--reflink=auto', `${dir}/hole`, to], to);
    c('empty', ['--sparse=always', '--reflink=auto', `${dir}/empty`, to], to);
    writePieces(to, 12 * MiB, [[0, 12 * MiB, 0x77]]);
    c('existing target, larger', ['--sparse=always', '--reflink=auto', `${dir}/src`, to], to, {
      keep: true,
      note: 'truncated and overwritten, same inode',
    });
    writePieces(to, 12 * MiB, [[0, 12 * MiB, 0x77]]);
    c('existing target, -n', ['-n', '--sparse=always', '--reflink=auto', `${dir}/src`, to], to, {
      keep: true,
      note: 'left alone, exit 0',
    });
    writePieces(to, 12 * MiB, [[0, 12 * MiB, 0x77]]);
    c('existing target, --reflink=always', ['--reflink=always', `${dir}/src`, to], to, {
      keep: true,
      note: 'where reflinks fail: is the old target destroyed?',
    });
    const other = kind === 'ext4' ? `${C}/xfs` : `${C}/ext4`;
    c(
      `to another filesystem, --reflink=auto`,
      ['--sparse=always', '--reflink=auto', `${dir}/src`, `${other}/cross`],
      `${other}/cross`,
    );
    c(
      `to another filesystem, --reflink=always`,
      ['--reflink=always', `${dir}/src`, `${other}/cross`],
      `${other}/cross`,
    );
  }
  const dir = `${C}/ext4`;
  const e = (name, argv, files, more) =>
    t.record(`errors: ${name}`, ['cp', '--sparse=always', '--reflink=auto', ...argv], {
      files,
      ...more,
    });
  e('source missing', [`${dir}/none`, `${dir}/x`], [`${dir}/x`]);
  e('source is a directory', [dir, `${dir}/x`], [`${dir}/x`]);
  e('target directory missing', [`${dir}/src`, `${dir}/no/x`], []);
  must(['mkdir', '-p', `${dir}/sub`]);
  e('target is a directory', [`${dir}/src`, `${dir}/sub`], [`${dir}/sub/src`], {
    note: 'copied into it',
  });
  e('target is a directory, -T', ['-T', `${dir}/src`, `${dir}/sub`], [`${dir}/sub`]);
  e('target is the source', [`${dir}/src`, `${dir}/src`], [`${dir}/src`]);
  must(['ln', '-s', 'nowhere', `${dir}/dangling`]);
  e('target is a dangling link', [`${dir}/src`, `${dir}/dangling`], [`${dir}/dangling`]);
  must(['ln', '-s', 'real', `${dir}/link`]);
  writeFileSync(`${dir}/real`, 'x');
  e('target is a link to a file', [`${dir}/src`, `${dir}/link`], [`${dir}/link`, `${dir}/real`], {
    note: 'the file behind the link is overwritten',
  });
  must(['rm', '-f', `${dir}/link`, `${dir}/dangling`]);
  must(['chmod', '600', `${dir}/src`]);
  e(
    'nobody cannot read the source',
    [`${dir}/src`, '/tmp/platter-record-x'],
    ['/tmp/platter-record-x'],
    { as: 'nobody' },
  );
  must(['chmod', '444', `${dir}/src`]);
  e('mode of the target: source 444', [`${dir}/src`, `${dir}/ro`], [`${dir}/ro`]);
  e('target of mode 444 exists (root)', [`${dir}/odd`, `${dir}/ro`], [`${dir}/ro`]);
  must(['chmod', '777', `${dir}/sub`]);
  e('nobody onto a target of root', [`${dir}/odd`, `${dir}/real`], [`${dir}/real`], {
    as: 'nobody',
  });
  e('nobody into a directory of root', [`${dir}/odd`, `${dir}/newfile`], [`${dir}/newfile`], {
    as: 'nobody',
  });
  for (const kind of Object.keys(KINDS)) {
    const small = `${C}/small`;
    mount(kind, small, { ext4: 8 * MiB, xfs: 300 * MiB, btrfs: 120 * MiB, tmpfs: 3 * MiB }[kind]);
    writePieces(`${C}/ext4/big`, 8 * MiB, [[0, 8 * MiB, 0x21]]);
    const [free, block] = must(['stat', '-f', '-c', '%a %S', small]).split(' ').map(Number);
    if (kind !== 'tmpfs') {
      run(['fallocate', '-l', String(free * block - 3 * MiB), `${small}/fill`]);
    }
    t.did(`${kind} with about 3 MiB free; big: 8 MiB of data`);
    for (const mode of [['--sparse=always', '--reflink=auto'], ['--sparse=never']]) {
      const entry = t.record(
        `no space on ${kind}: ${mode.join(' ')}`,
        ['cp', ...mode, `${C}/ext4/big`, `${small}/dst`],
        { files: [`${small}/dst`], note: 'the partial target stays' },
      );
      entry.synced = run(['sync', `${small}/dst`]);
      must(['rm', '-f', `${small}/dst`]);
    }
    writePieces(`${C}/ext4/sparse`, 64 * MiB, [[0, MiB, 0x22]]);
    t.record(
      `no space on ${kind}: a sparse file of 64 MiB with 1 MiB of data fits`,
      ['cp', '--sparse=always', '--reflink=auto', `${C}/ext4/sparse`, `${small}/dst`],
      { files: [`${small}/dst`] },
    );
    must(['rm', '-f', `${small}/dst`]);
  }
  const ro = `${C}/small`;
  mount('tmpfs', ro, MiB);
  must(['mount', '-o', 'remount,ro', ro]);
  t.record(
    'read-only filesystem',
    ['cp', '--sparse=always', '--reflink=auto', `${C}/ext4/odd`, `${ro}/x`],
    { files: [`${ro}/x`] },
  );
  t.record(
    'fsize limit',
    ['prlimit', '--fsize=65536', 'cp', `${C}/ext4/odd`, `${C}/ext4/limited`],
    {
      files: [`${C}/ext4/limited`],
      note: 'SIGXFSZ is not blocked in cp: killed, a file of exactly the limit stays',
    },
  );
  t.save();
}

// Records `qemu-img convert`: formats, holes, options, progress output, errors, existing targets.
import { writeFileSync } from 'node:fs';
import {
  digest,
  fresh,
  GiB,
  KiB,
  MiB,
  mount,
  must,
  QEMU_FIXTURES,
  ROOT,
  Topic,
  unmountAll,
  writePieces,
} from './record-qemu.mjs';

const D = `${ROOT}/qemu-img`;
mount('ext4', D, 8 * GiB);
const at = (name) => `${D}/${name}`;
const rm = (name) => must(['rm', '-rf', at(name)]);

writePieces(at('base.raw'), 8 * MiB, [
  [0, 2 * MiB, 0x11],
  [4 * MiB, MiB, 0x12],
  [6 * MiB, MiB, 0],
]);
writePieces(at('full.raw'), 4 * MiB, [[0, 4 * MiB, 0]]);
writePieces(at('odd.raw'), MiB + 1000, [[0, MiB + 1000, 0x13]]);
writePieces(at('fine.raw'), MiB, [
  [0, 4 * KiB, 1],
  [12 * KiB, 4 * KiB, 2],
  [64 * KiB, 512, 3],
  [65 * KiB, 512, 4],
  [128 * KiB, 32 * KiB, 5],
]);
writePieces(at('written.raw'), 4 * MiB, [
  [0, 4 * MiB, 0x15],
  [64 * KiB + 512, 512, 0],
  [128 * KiB, 4 * KiB, 0],
  [256 * KiB, 16 * KiB, 0],
  [512 * KiB, 64 * KiB, 0],
  [MiB, MiB, 0],
  [3 * MiB + 1024, 8 * KiB, 0],
]);
must([
  'qemu-img',
  'create',
  '-q',
  '-f',
  'qcow2',
  '-b',
  at('base.raw'),
  '-F',
  'raw',
  at('over.qcow2'),
  '16M',
]);
must([
  'qemu-io',
  '-f',
  'qcow2',
  '-c',
  'write -P 1 0 256k',
  '-c',
  'write -P 2 10M 64k',
  '-c',
  'write -z 4M 64k',
  at('over.qcow2'),
]);
must(['qemu-img', 'snapshot', '-c', 's1', at('over.qcow2')]);
must(['qemu-img', 'resize', '-q', '-f', 'qcow2', at('over.qcow2'), '32M']);
must([
  'qemu-io',
  '-f',
  'qcow2',
  '-c',
  'write -P 3 0 64k',
  '-c',
  'write -P 4 30M 64k',
  at('over.qcow2'),
]);
must(['qemu-img', 'create', '-q', '-f', 'qcow2', at('plain.qcow2'), '8M']);
must(['qemu-io', '-f', 'qcow2', '-c', 'write -P 6 1M 128k', at('plain.qcow2')]);
writeFileSync(at('empty'), '');

const t = new Topic(QEMU_FIXTURES, 'convert');
t.did(
  'base.raw 8 MiB: data 0-2M and 4-5M, written zeros 6-7M, holes elsewhere; full.raw 4 MiB of written zeros; odd.raw 1 MiB + 1000; fine.raw 1 MiB with pieces of 4 KiB and 512 B; written.raw 4 MiB of data with written runs of zeros: 512 B, 4 KiB, 16 KiB, 64 KiB, 1 MiB, and 8 KiB at 3 MiB + 1 KiB; over.qcow2 32 MiB on base.raw with snapshot s1 of 16 MiB; plain.qcow2 8 MiB',
);
const c = (name, argv, target, more = {}) => {
  const entry = t.record(name, ['qemu-img', 'convert', ...argv, at(target)], {
    files: [at(target)],
    ...more,
  });
  if (target.endsWith('.raw') && entry.files[0].exists) {
    entry.content = digest(at(target));
  }
  return entry;
};
const to = (out, format, name) => ['-f', format, '-O', out, at(name)];
for (const name of ['base.raw', 'full.raw', 'odd.raw', 'fine.raw']) {
  rm('t.raw');
  rm('t.qcow2');
  c(`raw to raw, ${name}`, to('raw', 'raw', name), 't.raw');
  c(`raw to qcow2, ${name}`, to('qcow2', 'raw', name), 't.qcow2');
  t.record('its info', ['qemu-img', 'info', '-f', 'qcow2', '--output=json', at('t.qcow2')]);
  rm('t.raw');
  c(`and back, ${name}`, to('raw', 'qcow2', 't.qcow2'), 't.raw');
}
for (const s of ['0', '4k', '64k', '1M', '512', '2M', '4M', '100', '-1']) {
  rm('t.raw');
  c(`raw to raw, -S ${s}`, ['-S', s, ...to('raw', 'raw', 'written.raw')], 't.raw');
}
rm('t.qcow2');
c('raw to qcow2, -S 0', ['-S', '0', ...to('qcow2', 'raw', 'base.raw')], 't.qcow2');
rm('t.raw');
c('overlay to flat raw', to('raw', 'qcow2', 'over.qcow2'), 't.raw', {
  note: 'the whole chain, at the size of the overlay',
});
rm('t.qcow2');
c('overlay to flat qcow2', to('qcow2', 'qcow2', 'over.qcow2'), 't.qcow2', {
  note: 'no backing file, no snapshots in the result',
});
t.record('its info', ['qemu-img', 'info', '-f', 'qcow2', '--output=json', at('t.qcow2')]);
for (const l of [
  'snapshot.name=s1',
  'snapshot.id=1',
  's1',
  '1',
  'snapshot.name=none',
  'none',
  'snapshot.name=',
  'snapshot.frob=1',
]) {
  rm('t.raw');
  c(`-l ${l}`, ['-l', l, ...to('raw', 'qcow2', 'over.qcow2')], 't.raw');
}
rm('t.raw');
c(
  '-l of a snapshot, from a raw file',
  ['-l', 'snapshot.name=s1', ...to('raw', 'raw', 'base.raw')],
  't.raw',
);
for (const flag of [
  ['-c'],
  ['-c', '-o', 'compression_type=zstd'],
  ['-W'],
  ['-m', '1'],
  ['-o', 'cluster_size=2M'],
  ['-o', 'preallocation=metadata'],
  ['-o', 'preallocation=falloc'],
  ['-C'],
]) {
  rm('t.qcow2');
  c(`raw to qcow2, ${flag.join(' ')}`, [...flag, ...to('qcow2', 'raw', 'base.raw')], 't.qcow2', {
    note: flag[0] === '-W' ? 'out of order: the layout may differ from run to run' : undefined,
  });
}
rm('t.raw');
c('raw to raw, -c', ['-c', ...to('raw', 'raw', 'base.raw')], 't.raw');
rm('t.raw');
c('raw to raw, -C (copy offloading)', ['-C', ...to('raw', 'raw', 'base.raw')], 't.raw');
for (const cache of ['none', 'writeback', 'unsafe', 'directsync', 'writethrough', 'frob']) {
  rm('t.raw');
  c(`-t ${cache}`, ['-t', cache, ...to('raw', 'raw', 'base.raw')], 't.raw');
  rm('t.raw');
  c(`-T ${cache}`, ['-T', cache, ...to('raw', 'raw', 'base.raw')], 't.raw');
}
rm('t.qcow2');
c(
  '-B base -F raw: a new overlay on the same base',
  ['-B', at('base.raw'), '-F', 'raw', ...to('qcow2', 'qcow2', 'over.qcow2')],
  't.qcow2',
);
t.record('its info', ['qemu-img', 'info', '-f', 'qcow2', '--output=json', at('t.qcow2')]);
rm('t.qcow2');
c('-B base without -F', ['-B', at('base.raw'), ...to('qcow2', 'qcow2', 'over.qcow2')], 't.qcow2');
rm('t.qcow2');
c(
  '-B with a missing base',
  ['-B', at('none'), '-F', 'raw', ...to('qcow2', 'qcow2', 'over.qcow2')],
  't.qcow2',
);

writePieces(at('t.raw'), 12 * MiB, [[0, 12 * MiB, 0x77]]);
t.did('t.raw: 12 MiB of 0x77');
c('existing target, larger than the source', to('raw', 'raw', 'base.raw'), 't.raw', {
  note: 'truncated and written anew',
});
writePieces(at('t.raw'), 12 * MiB, [[0, 12 * MiB, 0x77]]);
t.did('t.raw: 12 MiB of 0x77');
c('-n on a larger target', ['-n', ...to('raw', 'raw', 'base.raw')], 't.raw', {
  note: 'the target keeps its length; zeros are written where the source has holes; the tail keeps the old data',
});
writePieces(at('t.raw'), 4 * MiB, [[0, 4 * MiB, 0x77]]);
t.did('t.raw: 4 MiB of 0x77');
c('-n on a smaller target', ['-n', ...to('raw', 'raw', 'base.raw')], 't.raw');
rm('t.raw');
c('-n on a missing target', ['-n', ...to('raw', 'raw', 'base.raw')], 't.raw');
t.prepare(['truncate', '-s', '8M', at('t.raw')]);
c('-n --target-is-zero', ['-n', '--target-is-zero', ...to('raw', 'raw', 'base.raw')], 't.raw');
rm('t.raw');
c('--target-is-zero without -n', ['--target-is-zero', ...to('raw', 'raw', 'base.raw')], 't.raw');
t.prepare(['qemu-img', 'create', '-q', '-f', 'qcow2', at('n.qcow2'), '8M']);
c('-n on a qcow2', ['-n', ...to('qcow2', 'raw', 'base.raw')], 'n.qcow2');
fresh(at('dir'));
c('target is a directory', to('raw', 'raw', 'base.raw'), 'dir');
rm('t.raw');
c('target directory missing', to('raw', 'raw', 'base.raw'), 'no/t.raw');
c('source missing', to('raw', 'raw', 'none'), 't.raw');
c('source is a directory', to('raw', 'raw', 'dir'), 't.raw');
c('source is empty', to('raw', 'raw', 'empty'), 't.raw');
rm('t.raw');
c('source is not qcow2', to('raw', 'qcow2', 'base.raw'), 't.raw');
c('unknown source format', to('raw', 'qcow9', 'base.raw'), 't.raw');
c('unknown target format', to('qcow9', 'raw', 'base.raw'), 't.raw');
c('target is the source', to('raw', 'raw', 'odd.raw'), 'odd.raw', {
  note: 'refused by the lock on the target; the source is intact',
});
t.prepare(['mv', at('base.raw'), at('gone.raw')]);
rm('t.raw');
c('backing file of the source missing', to('raw', 'qcow2', 'over.qcow2'), 't.raw');
t.prepare(['mv', at('gone.raw'), at('base.raw')]);
t.record('only one name', ['qemu-img', 'convert', '-f', 'raw', '-O', 'raw', at('base.raw')]);
t.save();

const p = new Topic(QEMU_FIXTURES, 'convert-progress');
p.did('the same sources');
const progress = (name, argv, target) => {
  rm(target);
  return p.record(name, ['qemu-img', ...argv, at(target)], { files: [at(target)] });
};
progress('-p raw to raw, 8 MiB', ['convert', '-p', ...to('raw', 'raw', 'base.raw')], 't.raw');
progress('-p raw to qcow2, 8 MiB', ['convert', '-p', ...to('qcow2', 'raw', 'base.raw')], 't.qcow2');
progress('-p overlay to raw', ['convert', '-p', ...to('raw', 'qcow2', 'over.qcow2')], 't.raw');
progress('-p -c', ['convert', '-p', '-c', ...to('qcow2', 'raw', 'base.raw')], 't.qcow2');
progress('-p of an empty source', ['convert', '-p', ...to('raw', 'raw', 'empty')], 't.raw');
progress(
  '-p of a source without data',
  ['convert', '-p', ...to('raw', 'raw', 'full.raw')],
  't.raw',
);
progress('-p -q', ['convert', '-p', '-q', ...to('raw', 'raw', 'base.raw')], 't.raw');
p.prepare(['cp', at('over.qcow2'), at('r.qcow2')]);
p.record('rebase -p', ['qemu-img', 'rebase', '-p', '-f', 'qcow2', '-b', '', at('r.qcow2')], {
  files: [at('r.qcow2')],
});
p.record('compare -p', [
  'qemu-img',
  'compare',
  '-p',
  '-f',
  'raw',
  '-F',
  'raw',
  at('base.raw'),
  at('base.raw'),
]);
p.prepare(
  ['cp', at('over.qcow2'), at('r.qcow2')],
  ['qemu-img', 'snapshot', '-d', 's1', at('r.qcow2')],
  ['cp', at('base.raw'), at('b2.raw')],
  ['qemu-img', 'rebase', '-u', '-f', 'qcow2', '-b', at('b2.raw'), '-F', 'raw', at('r.qcow2')],
);
p.record('commit -p', ['qemu-img', 'commit', '-p', '-f', 'qcow2', at('r.qcow2')], {
  files: [at('r.qcow2'), at('b2.raw')],
});
p.save();
unmountAll();

// Records `qemu-img rebase` and `commit`, with contents before and after.
import { at, DISK, disk, prepare, recorder } from './qemu-img.points.mjs';
import { KiB, MiB, must, QEMU_FIXTURES, Topic, unmountAll, writePieces } from './record-qemu.mjs';

prepare();
rebase();
unmountAll();

function rebase() {
  const t = new Topic(QEMU_FIXTURES, 'rebase-commit');
  const r = recorder(t);
  const both = { snapshots: ['s1', 's2'] };
  disk();
  t.did(DISK);
  r('before', ['qemu-img', 'check', '-f', 'qcow2'], 'd.qcow2', both);
  r('rebase -b "" with snapshots', ['qemu-img', 'rebase', '-f', 'qcow2', '-b', ''], 'd.qcow2', {
    ...both,
    note: 'accepted; the active content is kept, the snapshots lose what they had in the base',
  });
  t.record('its info', ['qemu-img', 'info', '-f', 'qcow2', '--output=json', at('d.qcow2')]);
  r('the snapshots afterwards', ['qemu-img', 'check', '-f', 'qcow2'], 'd.qcow2', both);
  disk();
  t.did(DISK);
  t.prepare(
    ['qemu-img', 'snapshot', '-d', 's1', at('d.qcow2')],
    ['qemu-img', 'snapshot', '-d', 's2', at('d.qcow2')],
  );
  r('rebase -b "" without snapshots', ['qemu-img', 'rebase', '-f', 'qcow2', '-b', ''], 'd.qcow2');
  t.record('rebase -b "" without a backing file', [
    'qemu-img',
    'rebase',
    '-f',
    'qcow2',
    '-b',
    '',
    at('d.qcow2'),
  ]);
  disk();
  t.did(DISK);
  must(['cp', at('base.raw'), at('copy.raw')]);
  writePieces(at('other.raw'), 8 * MiB, [
    [0, 2 * MiB, 0x11],
    [3 * MiB, 64 * KiB, 0x99],
  ]);
  t.did('copy.raw: the same as base.raw; other.raw: different');
  r(
    'rebase -u to an equal base',
    ['qemu-img', 'rebase', '-u', '-f', 'qcow2', '-b', at('copy.raw'), '-F', 'raw'],
    'd.qcow2',
    both,
  );
  r(
    'rebase -u to a different base',
    ['qemu-img', 'rebase', '-u', '-f', 'qcow2', '-b', at('other.raw'), '-F', 'raw'],
    'd.qcow2',
    { ...both, note: 'only the name in the header changes: contents change with it' },
  );
  r(
    'rebase -u to a missing base',
    ['qemu-img', 'rebase', '-u', '-f', 'qcow2', '-b', at('none.raw'), '-F', 'raw'],
    'd.qcow2',
  );
  r('rebase -u -b ""', ['qemu-img', 'rebase', '-u', '-f', 'qcow2', '-b', ''], 'd.qcow2', {
    ...both,
    note: 'the base is forgotten without copying',
  });
  disk();
  t.did(DISK);
  r(
    'rebase to a different base',
    ['qemu-img', 'rebase', '-f', 'qcow2', '-b', at('other.raw'), '-F', 'raw'],
    'd.qcow2',
    { ...both, note: 'the differences are copied: active content is kept, snapshots change' },
  );
  r('rebase without -F', ['qemu-img', 'rebase', '-f', 'qcow2', '-b', at('base.raw')], 'd.qcow2');
  r(
    'rebase -u without -F',
    ['qemu-img', 'rebase', '-u', '-f', 'qcow2', '-b', at('base.raw')],
    'd.qcow2',
    { note: 'is the format dropped?' },
  );
  t.record('its info', ['qemu-img', 'info', '-f', 'qcow2', '--output=json', at('d.qcow2')]);
  r(
    'rebase to a missing base',
    ['qemu-img', 'rebase', '-f', 'qcow2', '-b', at('none.raw'), '-F', 'raw'],
    'd.qcow2',
  );
  r(
    'rebase to a wrong format',
    ['qemu-img', 'rebase', '-f', 'qcow2', '-b', at('base.raw'), '-F', 'qcow2'],
    'd.qcow2',
  );
  t.record('rebase without -b', ['qemu-img', 'rebase', '-f', 'qcow2', at('d.qcow2')]);
  t.record('rebase of a raw file', ['qemu-img', 'rebase', '-f', 'raw', '-b', '', at('base.raw')]);
  t.record('rebase of a missing file', ['qemu-img', 'rebase', '-f', 'qcow2', '-b', '', at('none')]);
  disk();
  t.did(DISK);
  t.prepare(['mv', at('base.raw'), at('gone.raw')]);
  t.record('base missing: rebase -b ""', [
    'qemu-img',
    'rebase',
    '-f',
    'qcow2',
    '-b',
    '',
    at('d.qcow2'),
  ]);
  t.record('base missing: rebase -u', [
    'qemu-img',
    'rebase',
    '-u',
    '-f',
    'qcow2',
    '-b',
    at('gone.raw'),
    '-F',
    'raw',
    at('d.qcow2'),
  ]);
  t.prepare(['mv', at('gone.raw'), at('base.raw')]);
  disk();
  t.did(DISK);
  t.prepare(
    ['qemu-img', 'snapshot', '-d', 's1', at('d.qcow2')],
    ['qemu-img', 'snapshot', '-d', 's2', at('d.qcow2')],
    ['qemu-img', 'rebase', '-u', '-f', 'qcow2', '-b', at('copy.raw'), '-F', 'raw', at('d.qcow2')],
  );
  r('commit into the base', ['qemu-img', 'commit', '-f', 'qcow2'], 'd.qcow2', {
    files: [at('d.qcow2'), at('copy.raw')],
    note: 'the base grows to 32 MiB; the overlay is emptied',
  });
  t.record('commit without a base', ['qemu-img', 'commit', '-f', 'raw', at('base.raw')]);
  disk();
  t.did(DISK);
  must(['cp', at('base.raw'), at('copy.raw')]);
  t.prepare([
    'qemu-img',
    'rebase',
    '-u',
    '-f',
    'qcow2',
    '-b',
    at('copy.raw'),
    '-F',
    'raw',
    at('d.qcow2'),
  ]);
  r('commit with snapshots', ['qemu-img', 'commit', '-f', 'qcow2'], 'd.qcow2', {
    ...both,
    files: [at('d.qcow2'), at('copy.raw')],
  });
  t.save();
}

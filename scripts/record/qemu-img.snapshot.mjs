// Records `qemu-img snapshot`, with contents before and after.
import { at, DISK, disk, io, prepare, recorder } from './qemu-img.points.mjs';
import { must, QEMU_FIXTURES, Topic, unmountAll } from './record-qemu.mjs';

prepare();
snapshots();
unmountAll();

function snapshots() {
  const t = new Topic(QEMU_FIXTURES, 'snapshot');
  const r = recorder(t);
  const s = (name, argv, more) =>
    r(name, ['qemu-img', 'snapshot', ...argv], 'd.qcow2', { snapshots: ['s1', 's2'], ...more });
  disk();
  t.did(DISK);
  s('list', ['-l']);
  s('create s3', ['-c', 's3']);
  s('create s3 again', ['-c', 's3'], {
    note: 'names are not unique: a second one of the same name is made, in silence',
  });
  t.record('list with two of the same name', ['qemu-img', 'snapshot', '-l', at('d.qcow2')]);
  io('d.qcow2', 'write -P 0x55 12M 64k');
  t.did('64 KiB of 0x55 written at 12 MiB');
  t.prepare(['cp', at('d.qcow2'), at('two.qcow2')]);
  r('apply s3, of which there are two', ['qemu-img', 'snapshot', '-a', 's3'], 'two.qcow2', {
    snapshots: ['s1', 's2'],
  });
  s('delete s3, of which there are two', ['-d', 's3'], { note: 'removes one, the older' });
  s('delete s3 again', ['-d', 's3']);
  s('delete a missing one', ['-d', 's3']);
  s('apply a missing one', ['-a', 's9']);
  s('apply s1 (16 MiB, smaller than now)', ['-a', 's1'], {
    note: 'the size goes back with the contents',
  });
  s('apply s2 (24 MiB, larger than now)', ['-a', 's2']);
  s('apply s2 again', ['-a', 's2']);
  s('delete s1', ['-d', 's1'], { snapshots: ['s2'] });
  disk();
  t.did(DISK);
  s('create "1": a name like an id', ['-c', '1']);
  io('d.qcow2', 'write -P 0x56 12M 64k');
  s('apply "1"', ['-a', '1'], {
    note: 'ids go first: this applies s1 (id 1), not the snapshot named 1',
  });
  s('delete "1"', ['-d', '1'], {
    note: 'only names count here: this deletes the snapshot named 1 (id 3)',
  });
  s('delete "1" once more', ['-d', '1']);
  s('delete "2"', ['-d', '2'], { note: 'no name matches: ids are not looked at' });
  t.did(DISK);
  disk();
  const odd = [
    ['empty name (accepted)', ''],
    ['name with a space', 'a b'],
    ['name with a slash and comma', 'a/b,c'],
    ['unicode', 'ünï磁'],
    ['name of 255 bytes', 'n'.repeat(255)],
    ['name of 256 bytes (cut to 255)', 'm'.repeat(256)],
    ['leading dash', '-x'],
  ];
  for (const [name, tag] of odd) {
    s(`create: ${name}`, ['-c', tag], { snapshots: [] });
    s(`delete: ${name}`, ['-d', tag], { snapshots: [] });
  }
  disk();
  t.did(DISK);
  s('format given by -f', ['-f', 'qcow2', '-l'], { snapshots: [] });
  const opts = `driver=qcow2,file.driver=file,file.filename=${at('d.qcow2')}`;
  t.record(
    'format given by --image-opts',
    ['qemu-img', 'snapshot', '--image-opts', '-c', 's3', opts],
    { files: [at('d.qcow2')] },
  );
  t.record('the same, list', ['qemu-img', 'snapshot', '--image-opts', '-l', opts]);
  t.record('quiet', ['qemu-img', 'snapshot', '-q', '-d', 's3', at('d.qcow2')]);
  t.record('two actions', ['qemu-img', 'snapshot', '-c', 'a', '-d', 's1', at('d.qcow2')]);
  t.record('no action', ['qemu-img', 'snapshot', at('d.qcow2')], { note: 'lists' });
  t.record('missing file', ['qemu-img', 'snapshot', '-c', 'a', at('none')]);
  t.record('raw file', ['qemu-img', 'snapshot', '-c', 'a', at('base.raw')], {
    files: [at('base.raw')],
  });
  t.record('raw file, list', ['qemu-img', 'snapshot', '-l', at('base.raw')]);
  t.record('raw file, apply', ['qemu-img', 'snapshot', '-a', 'a', at('base.raw')]);
  t.record('raw file, delete', ['qemu-img', 'snapshot', '-d', 'a', at('base.raw')]);
  s('apply s1: then extract s2', ['-a', 's1'], {
    note: 'convert -l writes the CURRENT size: the tail of a larger snapshot is lost, see "content of s2"',
  });
  t.prepare(['qemu-img', 'resize', '-q', '-f', 'qcow2', at('d.qcow2'), '64M']);
  s('contents at 64 MiB', ['-l'], {
    note: 'convert -l of smaller snapshots is padded with zeros to the current size',
  });
  disk();
  t.did(DISK);
  t.prepare(['mv', at('base.raw'), at('gone.raw')]);
  for (const action of ['-c', '-a', '-d', '-l']) {
    t.record(
      `base missing: ${action}`,
      ['qemu-img', 'snapshot', action, ...(action === '-l' ? [] : ['s1']), at('d.qcow2')],
      { files: [at('d.qcow2')] },
    );
  }
  t.prepare(['mv', at('gone.raw'), at('base.raw')]);
  for (let n = 0; n < 70; n += 1) {
    must(['qemu-img', 'snapshot', '-c', `many-${n}`, at('d.qcow2')]);
  }
  t.did('70 more snapshots');
  s('create with 72 there', ['-c', 'last'], { note: 'no limit seen here (the limit is 65536)' });
  t.save();
}

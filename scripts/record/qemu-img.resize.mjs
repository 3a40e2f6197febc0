// Records `qemu-img resize`, with contents before and after.
import { at, DISK, disk, prepare, recorder } from './qemu-img.points.mjs';
import { QEMU_FIXTURES, Topic, unmountAll } from './record-qemu.mjs';

prepare();
resize();
unmountAll();

function resize() {
  const t = new Topic(QEMU_FIXTURES, 'resize');
  const r = recorder(t);
  t.prepare(['qemu-img', 'create', '-q', '-f', 'qcow2', at('a.qcow2'), '1G']);
  const q = (name, argv, more) =>
    t.record(name, ['qemu-img', 'resize', '-f', 'qcow2', ...argv], {
      files: [at('a.qcow2')],
      ...more,
    });
  q('grow', [at('a.qcow2'), '2G']);
  q('equal', [at('a.qcow2'), '2G'], { note: 'done, and says so' });
  q('shrink', [at('a.qcow2'), '1G']);
  q('shrink by -N', [at('a.qcow2'), '--', '-1G']);
  q('-N without --', [at('a.qcow2'), '-1G'], {
    note: 'the last argument is taken off before the options are parsed, so this works too',
  });
  q('shrink with --shrink', ['--shrink', at('a.qcow2'), '1G']);
  q('+1G', [at('a.qcow2'), '+1G']);
  q('+0', [at('a.qcow2'), '+0']);
  q('odd', [at('a.qcow2'), '2147483649'], { note: 'refused, unlike create, which rounds up' });
  t.record('its info', ['qemu-img', 'info', '-f', 'qcow2', '--output=json', at('a.qcow2')]);
  q('quiet', ['-q', at('a.qcow2'), '3G']);
  for (const size of [
    '1T',
    '64T',
    '2P',
    '32P',
    '4E',
    '7E',
    '9223372036854775807',
    '8E',
    '10X',
    '',
    '+',
    '1GiB',
    '1.5T',
  ]) {
    q(`to ${JSON.stringify(size)}`, [at('a.qcow2'), size]);
  }
  t.record('its info', ['qemu-img', 'info', '-f', 'qcow2', '--output=json', at('a.qcow2')]);
  q('no size', [at('a.qcow2')]);
  q('missing file', [at('none'), '1G']);
  q('as raw', ['-f', 'raw', at('a.qcow2'), '1P'], {
    note: 'with the wrong format the qcow2 file itself would be grown',
  });
  for (const mode of ['metadata', 'falloc', 'full', 'frob']) {
    t.prepare(['qemu-img', 'create', '-q', '-f', 'qcow2', at('a.qcow2'), '4M']);
    q(`--preallocation=${mode}`, [`--preallocation=${mode}`, at('a.qcow2'), '8M']);
  }
  const raw = (name, argv, more) =>
    t.record(`raw: ${name}`, ['qemu-img', 'resize', '-f', 'raw', ...argv], {
      files: [at('a.raw')],
      ...more,
    });
  t.prepare(['truncate', '-s', '1000', at('a.raw')]);
  raw('of 1000 bytes to 1 MiB', [at('a.raw'), '1M']);
  raw('to 1048577', [at('a.raw'), '1048577'], { note: 'not rounded' });
  raw('from 1048577 to 1049088', [at('a.raw'), '1049088']);
  raw('shrink', [at('a.raw'), '1M']);
  t.prepare(['truncate', '-s', '1048577', at('a.raw')]);
  raw('of 1048577 bytes to 1048577', [at('a.raw'), '1048577'], {
    note: 'the current size counts as 1049088, rounded up: an equal resize of an odd file is refused as a shrink',
  });
  t.prepare(['truncate', '-s', '1048577', at('a.raw')]);
  raw('of 1048577 bytes by +0', [at('a.raw'), '+0']);
  t.prepare(['truncate', '-s', '1048577', at('a.raw')]);
  raw('of 1048577 bytes to 1048576', [at('a.raw'), '1048576']);
  raw('to 16T', [at('a.raw'), '16T']);
  raw('to 7E', [at('a.raw'), '7E']);
  raw('--preallocation=falloc', ['--preallocation=falloc', at('a.raw'), '4M']);
  raw('--preallocation=metadata', ['--preallocation=metadata', at('a.raw'), '8M']);
  t.record('no format: probed raw', ['qemu-img', 'resize', at('a.raw'), '8M'], {
    files: [at('a.raw')],
  });
  disk();
  t.did(DISK);
  r('with snapshots: before', ['qemu-img', 'check', '-f', 'qcow2'], 'd.qcow2', {
    snapshots: ['s1', 's2'],
  });
  t.record('with snapshots: grow', ['qemu-img', 'resize', '-f', 'qcow2', at('d.qcow2'), '64M']);
  r('after the grow', ['qemu-img', 'check', '-f', 'qcow2'], 'd.qcow2', { snapshots: ['s1', 's2'] });
  t.record('with snapshots: --shrink', [
    'qemu-img',
    'resize',
    '--shrink',
    '-f',
    'qcow2',
    at('d.qcow2'),
    '8M',
  ]);
  r('after the shrink', ['qemu-img', 'check', '-f', 'qcow2'], 'd.qcow2', {
    snapshots: ['s1', 's2'],
  });
  t.prepare(
    ['qemu-img', 'create', '-q', '-f', 'qcow2', '-o', 'compat=0.10', at('v2.qcow2'), '8M'],
    ['qemu-img', 'snapshot', '-c', 's', at('v2.qcow2')],
  );
  t.record('version 2 with snapshots', [
    'qemu-img',
    'resize',
    '-f',
    'qcow2',
    at('v2.qcow2'),
    '16M',
  ]);
  t.prepare(
    ['truncate', '-s', '12M', at('long.raw')],
    [
      'qemu-img',
      'create',
      '-q',
      '-f',
      'qcow2',
      '-b',
      at('base.raw'),
      '-F',
      'raw',
      at('short.qcow2'),
      '4M',
    ],
  );
  t.record('overlay smaller than its base: grow', [
    'qemu-img',
    'resize',
    '-f',
    'qcow2',
    at('short.qcow2'),
    '8M',
  ]);
  r('after it', ['qemu-img', 'check', '-f', 'qcow2'], 'short.qcow2', {
    note: 'the base does not show through: what was beyond the end reads as zeros',
  });
  t.save();
}

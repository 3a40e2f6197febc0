// Records qemu-img on an image that another process holds open (OFD locks of the file driver).
import {
  GiB,
  mount,
  must,
  QEMU_FIXTURES,
  ROOT,
  sleep,
  start,
  Topic,
  unmountAll,
} from './record-qemu.mjs';

const D = `${ROOT}/qemu-img`;
mount('ext4', D, 8 * GiB);
const at = (name) => `${D}/${name}`;

function images() {
  must(['rm', '-f', at('d.qcow2'), at('base.raw'), at('plain.raw'), at('up.qcow2')]);
  must(['qemu-img', 'create', '-q', '-f', 'raw', at('base.raw'), '4M']);
  must(['qemu-img', 'create', '-q', '-f', 'raw', at('plain.raw'), '4M']);
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
    at('d.qcow2'),
    '8M',
  ]);
  must(['qemu-img', 'snapshot', '-c', 's1', at('d.qcow2')]);
  must([
    'qemu-img',
    'create',
    '-q',
    '-f',
    'qcow2',
    '-b',
    at('d.qcow2'),
    '-F',
    'qcow2',
    at('up.qcow2'),
  ]);
}

const t = new Topic(QEMU_FIXTURES, 'locks');
const commands = (file, format) => [
  ['info', '-f', format, '--output=json', file],
  ['info', '-U', '-f', format, '--output=json', file],
  ['check', '-f', format, '--output=json', file],
  ['check', '-U', '-f', format, '--output=json', file],
  ['check', '-r', 'leaks', '-f', format, '--output=json', file],
  ['map', '-f', format, '--output=json', file],
  ['measure', '-f', format, '-O', 'raw', file],
  ['convert', '-f', format, '-O', 'raw', file, at('out.raw')],
  ['convert', '-U', '-f', format, '-O', 'raw', file, at('out.raw')],
  ['convert', '-f', 'raw', '-O', format, at('other.raw'), file],
  ['convert', '-n', '-f', 'raw', '-O', format, at('other.raw'), file],
  ['create', '-f', format, file, '8M'],
  ['create', '-q', '-f', 'qcow2', '-b', file, '-F', format, at('child.qcow2')],
  ['resize', '-f', format, file, '16M'],
  ['snapshot', '-l', file],
  ['snapshot', '-U', '-l', file],
  ['snapshot', '-c', 's2', file],
  ['snapshot', '-a', 's1', file],
  ['snapshot', '-d', 's1', file],
  ['snapshot', '-U', '-c', 's2', file],
  ['rebase', '-u', '-f', format, '-b', at('base.raw'), '-F', 'raw', file],
  ['rebase', '-f', format, '-b', '', file],
  ['commit', '-f', format, file],
  ['compare', '-f', format, '-F', 'raw', file, at('other.raw')],
];
must(['qemu-img', 'create', '-q', '-f', 'raw', at('other.raw'), '4M']);

async function held(label, holder, file, format) {
  images();
  for (const [n, argv] of commands(file, format).entries()) {
    const inPlace = [
      'resize',
      'create',
      'convert',
      'rebase',
      'snapshot',
      'commit',
      'check',
    ].includes(argv[0]);
    if (inPlace) {
      images();
    }
    const hold = start(holder, { until: holder[0] === 'qemu-io' ? 'qemu-io> ' : '{"QMP":' });
    await hold.ready;
    await sleep(20);
    t.did(`held: ${holder.join(' ')}`);
    t.record(
      `${label}: ${argv
        .slice(0, -1)
        .filter((word) => !word.startsWith('/'))
        .join(' ')} (${n})`,
      ['qemu-img', ...argv],
      { files: [file] },
    );
    hold.child.stdin.end(
      holder[0] === 'qemu-io' ? 'quit\n' : '{"execute":"qmp_capabilities"}{"execute":"quit"}\n',
    );
    await hold.ended;
    must(['rm', '-f', at('out.raw'), at('child.qcow2')]);
  }
}

/** A paused virtual machine with this disk, as libvirt would start it. */
const machine = (file, format) => [
  'qemu-system-x86_64',
  '-S',
  '-nodefaults',
  '-display',
  'none',
  '-machine',
  'q35,accel=tcg',
  '-m',
  '64',
  '-qmp',
  'stdio',
  '-drive',
  `file=${file},format=${format},if=virtio`,
];

await held('qcow2, a virtual machine', machine(at('d.qcow2'), 'qcow2'), at('d.qcow2'), 'qcow2');
await held(
  'qcow2, qemu-io to write',
  ['qemu-io', '-f', 'qcow2', at('d.qcow2')],
  at('d.qcow2'),
  'qcow2',
);
await held(
  'qcow2, qemu-io to read',
  ['qemu-io', '-r', '-f', 'qcow2', at('d.qcow2')],
  at('d.qcow2'),
  'qcow2',
);
await held('raw, a virtual machine', machine(at('plain.raw'), 'raw'), at('plain.raw'), 'raw');
await held(
  'raw, qemu-io to write',
  ['qemu-io', '-f', 'raw', at('plain.raw')],
  at('plain.raw'),
  'raw',
);
await held(
  'qcow2, the base of a virtual machine',
  machine(at('up.qcow2'), 'qcow2'),
  at('d.qcow2'),
  'qcow2',
);
await held(
  'raw, the base of a virtual machine',
  machine(at('d.qcow2'), 'qcow2'),
  at('base.raw'),
  'raw',
);
t.save();
unmountAll();

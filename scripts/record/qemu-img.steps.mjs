// Records the steps of each command: its system calls on the target, in order, from strace.
import {
  GiB,
  KiB,
  MiB,
  mount,
  must,
  QEMU_FIXTURES,
  unmountAll,
  writeJson,
  writePieces,
} from './record-qemu.mjs';
import { at, BASE, D, DESCRIPTION, makeDisks, place, TARGET } from './qemu-img.disks.mjs';
import { operations } from './qemu-img.operations.mjs';
import { namer, open } from './qemu-img.qcow2.mjs';
import { oneThread, steps, traced } from './qemu-img.strace.mjs';

mount('ext4', D, 8 * GiB);
makeDisks();
const SMALL = at('small.raw');
const PLAIN = at('plain.qcow2');
writePieces(SMALL, 4 * MiB, [
  [0, 128 * KiB, 0x11],
  [MiB, 64 * KiB, 0x12],
  [2 * MiB, 64 * KiB, 0],
  [3 * MiB, 512, 0x13],
]);
must(['qemu-img', 'create', '-q', '-f', 'qcow2', PLAIN, '4M']);
must(['qemu-io', '-f', 'qcow2', '-c', 'write -P 1 0 128k', '-c', 'write -P 2 1M 64k', PLAIN]);

const RAW = at('target.raw');
const gone = (path) => () => must(['rm', '-f', path]);
const old = (path) => () => writePieces(path, 4 * MiB, [[0, 4 * MiB, 0x77]]);
const img = (...args) => ['qemu-img', ...args];
const made = [
  ['create qcow2, 1 GiB', gone(TARGET), TARGET, img('create', '-q', '-f', 'qcow2', TARGET, '1G')],
  [
    'create qcow2 over an existing file of 4 MiB',
    old(TARGET),
    TARGET,
    img('create', '-q', '-f', 'qcow2', TARGET, '1G'),
  ],
  [
    'create qcow2 with a backing file',
    gone(TARGET),
    TARGET,
    img('create', '-q', '-f', 'qcow2', '-b', BASE, '-F', 'raw', TARGET, '16M'),
  ],
  [
    'create qcow2 with a backing file, -u',
    gone(TARGET),
    TARGET,
    img('create', '-q', '-f', 'qcow2', '-u', '-b', BASE, '-F', 'raw', TARGET, '16M'),
  ],
  [
    'create qcow2 with a backing file, 2 MiB clusters, no size',
    gone(TARGET),
    TARGET,
    img('create', '-q', '-f', 'qcow2', '-b', BASE, '-F', 'raw', '-o', 'cluster_size=2M', TARGET),
  ],
  [
    'create qcow2, preallocation=metadata, 8 MiB',
    gone(TARGET),
    TARGET,
    img('create', '-q', '-f', 'qcow2', '-o', 'preallocation=metadata', TARGET, '8M'),
  ],
  [
    'create qcow2, preallocation=falloc, 8 MiB',
    gone(TARGET),
    TARGET,
    img('create', '-q', '-f', 'qcow2', '-o', 'preallocation=falloc', TARGET, '8M'),
  ],
  ['create raw, 1 GiB', gone(RAW), RAW, img('create', '-q', '-f', 'raw', RAW, '1G')],
  [
    'create raw, preallocation=falloc',
    gone(RAW),
    RAW,
    img('create', '-q', '-f', 'raw', '-o', 'preallocation=falloc', RAW, '8M'),
  ],
  [
    'create raw, preallocation=full',
    gone(RAW),
    RAW,
    img('create', '-q', '-f', 'raw', '-o', 'preallocation=full', RAW, '1M'),
  ],
  ['convert raw to raw', gone(RAW), RAW, img('convert', '-f', 'raw', '-O', 'raw', SMALL, RAW)],
  [
    'convert raw to raw over an existing file',
    old(RAW),
    RAW,
    img('convert', '-f', 'raw', '-O', 'raw', SMALL, RAW),
  ],
  [
    'convert raw to raw, -t none',
    gone(RAW),
    RAW,
    img('convert', '-t', 'none', '-f', 'raw', '-O', 'raw', SMALL, RAW),
  ],
  [
    'convert raw to raw, -t writeback',
    gone(RAW),
    RAW,
    img('convert', '-t', 'writeback', '-f', 'raw', '-O', 'raw', SMALL, RAW),
  ],
  [
    'convert raw to raw, -n onto an existing file',
    old(RAW),
    RAW,
    img('convert', '-n', '-f', 'raw', '-O', 'raw', SMALL, RAW),
  ],
  [
    'convert raw to qcow2',
    gone(TARGET),
    TARGET,
    img('convert', '-f', 'raw', '-O', 'qcow2', SMALL, TARGET),
  ],
  [
    'convert raw to qcow2, -t none',
    gone(TARGET),
    TARGET,
    img('convert', '-t', 'none', '-f', 'raw', '-O', 'qcow2', SMALL, TARGET),
  ],
  [
    'convert raw to qcow2, -t writeback',
    gone(TARGET),
    TARGET,
    img('convert', '-t', 'writeback', '-f', 'raw', '-O', 'qcow2', SMALL, TARGET),
  ],
  [
    'convert raw to qcow2, -c',
    gone(TARGET),
    TARGET,
    img('convert', '-c', '-f', 'raw', '-O', 'qcow2', SMALL, TARGET),
  ],
  ['convert qcow2 to raw', gone(RAW), RAW, img('convert', '-f', 'qcow2', '-O', 'raw', PLAIN, RAW)],
  ['resize raw, 4 to 16 MiB', old(RAW), RAW, img('resize', '-q', '-f', 'raw', RAW, '16M')],
  [
    'resize raw, --preallocation=falloc',
    old(RAW),
    RAW,
    img('resize', '-q', '-f', 'raw', '--preallocation=falloc', RAW, '16M'),
  ],
  ['info', () => place('disk'), TARGET, img('info', '-f', 'qcow2', '--output=json', TARGET)],
  [
    'info -U',
    () => place('disk'),
    TARGET,
    img('info', '-U', '-f', 'qcow2', '--output=json', TARGET),
  ],
  ['check', () => place('disk'), TARGET, img('check', '-f', 'qcow2', TARGET)],
  ['snapshot -l', () => place('disk'), TARGET, img('snapshot', '-l', TARGET)],
];

const key = (list) => JSON.stringify(list.filter((step) => step.call !== 'reads'));
const entries = [];
for (const [name, prepare, target, argv] of made) {
  entries.push(record(name, prepare, target, argv));
}
for (const { name, disk, argv } of operations.filter(({ faults }) => faults !== false)) {
  must(['cp', BASE, `${BASE}.copy`]);
  entries.push({ ...record(name, () => place(disk), TARGET, argv), disk: DESCRIPTION[disk] });
}
writeJson(`${QEMU_FIXTURES}/steps.json`, entries);
unmountAll();

function record(name, prepare, target, argv) {
  process.stderr.write(`steps of ${name}\n`);
  prepare();
  const before = imageAt(target);
  const first = traced(oneThread(argv), target, { also: [D] });
  const list = steps(first.calls, namer(before, imageAt(target)));
  prepare();
  const plain = steps(traced(argv, target, { also: [D] }).calls, namer(before, imageAt(target)));
  return {
    name,
    argv,
    exitCode: first.exitCode,
    syncs: list.filter((step) => /sync/.test(step.call)).length,
    sameWithAnyNumberOfThreads: key(list) === key(plain),
    steps: list,
  };
}

function imageAt(path) {
  try {
    return path === TARGET ? open(path) : undefined;
  } catch {
    return undefined;
  }
}

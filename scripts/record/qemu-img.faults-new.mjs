// Records what each fault in each call leaves behind of a new image: `create`, `convert`, and `resize` of raw files
// (`create`, `convert`, `resize-raw` as arguments: those alone).
import { lstatSync } from 'node:fs';
import {
  digest,
  existsSync,
  GiB,
  KiB,
  MiB,
  mount,
  must,
  QEMU_FIXTURES,
  run,
  unmountAll,
  writeJson,
  writePieces,
} from './record-qemu.mjs';
import { at, BASE, D, makeDisks, TARGET } from './qemu-img.disks.mjs';
import { checkOf } from './qemu-img.evaluate.mjs';
import { namer, open } from './qemu-img.qcow2.mjs';
import { sweep } from './qemu-img.strace.mjs';

const FAULTS = [
  ['pwrite64', 'error=ENOSPC'],
  ['pwrite64', 'error=ENOSPC', true],
  ['pwrite64', 'error=EIO'],
  ['pwrite64', 'error=EIO', true],
  ['pwrite64', 'signal=KILL'],
  ['write', 'error=ENOSPC'],
  ['write', 'error=EIO'],
  ['write', 'signal=KILL'],
  ['fsync', 'error=EIO'],
  ['fsync', 'signal=KILL'],
  ['fdatasync', 'error=EIO'],
  ['fdatasync', 'signal=KILL'],
  ['ftruncate', 'error=ENOSPC'],
  ['ftruncate', 'error=EIO'],
  ['ftruncate', 'signal=KILL'],
  ['fallocate', 'error=ENOSPC'],
  ['fallocate', 'error=EIO'],
  ['fallocate', 'error=EOPNOTSUPP'],
  ['fallocate', 'signal=KILL'],
  ['openat', 'error=EIO'],
  ['openat', 'error=EACCES'],
  ['openat', 'signal=KILL'],
  ['unlink', 'error=EIO'],
  ['close', 'signal=KILL'],
];

mount('ext4', D, 8 * GiB);
makeDisks();
const SMALL = at('small.raw');
const OVER = at('disk.qcow2.source');
const RAW = at('target.raw');
const OUT = at('content.raw');
writePieces(SMALL, 4 * MiB, [
  [0, 128 * KiB, 0x11],
  [MiB, 64 * KiB, 0x12],
  [3 * MiB, 512, 0x13],
]);
must(['cp', at('disk.golden'), OVER]);

const gone = (path) => () => must(['rm', '-f', path]);
const old = (path) => () => writePieces(path, 4 * MiB, [[0, 4 * MiB, 0x77]]);
const img = (...args) => ['qemu-img', ...args];
const cases = {
  create: [
    ['create qcow2, 1 GiB', gone, 'qcow2', img('create', '-q', '-f', 'qcow2', TARGET, '1G')],
    [
      'create qcow2 with a backing file, 16 MiB',
      gone,
      'qcow2',
      img('create', '-q', '-f', 'qcow2', '-b', BASE, '-F', 'raw', TARGET, '16M'),
    ],
    [
      'create qcow2 with a backing file, -u, 16 MiB',
      gone,
      'qcow2',
      img('create', '-q', '-f', 'qcow2', '-u', '-b', BASE, '-F', 'raw', TARGET, '16M'),
    ],
    [
      'create qcow2 over an existing file of 4 MiB of data',
      old,
      'qcow2',
      img('create', '-q', '-f', 'qcow2', TARGET, '16M'),
    ],
    [
      'create qcow2, preallocation=falloc, 8 MiB',
      gone,
      'qcow2',
      img('create', '-q', '-f', 'qcow2', '-o', 'preallocation=falloc', TARGET, '8M'),
    ],
    ['create raw, 1 GiB', gone, 'raw', img('create', '-q', '-f', 'raw', RAW, '1G')],
    [
      'create raw over an existing file of 4 MiB of data',
      old,
      'raw',
      img('create', '-q', '-f', 'raw', RAW, '16M'),
    ],
    [
      'create raw, preallocation=falloc, 8 MiB',
      gone,
      'raw',
      img('create', '-q', '-f', 'raw', '-o', 'preallocation=falloc', RAW, '8M'),
    ],
    [
      'create raw, preallocation=full, 4 MiB',
      gone,
      'raw',
      img('create', '-q', '-f', 'raw', '-o', 'preallocation=full', RAW, '4M'),
    ],
  ],
  convert: [
    ['convert raw to raw', gone, 'raw', img('convert', '-f', 'raw', '-O', 'raw', SMALL, RAW)],
    [
      'convert raw to raw, -t none',
      gone,
      'raw',
      img('convert', '-t', 'none', '-f', 'raw', '-O', 'raw', SMALL, RAW),
    ],
    [
      'convert raw to raw, -t writeback',
      gone,
      'raw',
      img('convert', '-t', 'writeback', '-f', 'raw', '-O', 'raw', SMALL, RAW),
    ],
    ['convert overlay to raw', gone, 'raw', img('convert', '-f', 'qcow2', '-O', 'raw', OVER, RAW)],
    [
      'convert raw to qcow2',
      gone,
      'qcow2',
      img('convert', '-f', 'raw', '-O', 'qcow2', SMALL, TARGET),
    ],
    [
      'convert raw to qcow2, -t none',
      gone,
      'qcow2',
      img('convert', '-t', 'none', '-f', 'raw', '-O', 'qcow2', SMALL, TARGET),
    ],
    [
      'convert raw to qcow2, -t writeback',
      gone,
      'qcow2',
      img('convert', '-t', 'writeback', '-f', 'raw', '-O', 'qcow2', SMALL, TARGET),
    ],
    [
      'convert raw to qcow2, -c',
      gone,
      'qcow2',
      img('convert', '-c', '-f', 'raw', '-O', 'qcow2', SMALL, TARGET),
    ],
    [
      'convert raw to raw, -n onto 4 MiB of data',
      old,
      'raw',
      img('convert', '-n', '-f', 'raw', '-O', 'raw', SMALL, RAW),
    ],
  ],
  'resize-raw': [
    ['resize raw, 4 to 16 MiB', old, 'raw', img('resize', '-q', '-f', 'raw', RAW, '16M')],
    [
      'resize raw, 4 to 16 MiB, --preallocation=falloc',
      old,
      'raw',
      img('resize', '-q', '-f', 'raw', '--preallocation=falloc', RAW, '16M'),
    ],
  ],
};

const asked = process.argv.slice(2);
for (const [file, list] of Object.entries(cases)) {
  if (asked.length > 0 && !asked.includes(file)) continue;
  const entries = list.map(([name, before, format, argv]) => record(name, before, format, argv));
  writeJson(`${QEMU_FIXTURES}/faults-${file}.json`, entries);
}
unmountAll();

function record(name, before, format, argv) {
  process.stderr.write(`faults of ${name}\n`);
  const target = format === 'raw' ? RAW : TARGET;
  const prepare = before(target);
  prepare();
  must(argv);
  const right = contentOf(target, format);
  const label = format === 'qcow2' ? namer(open(target), open(target)) : () => undefined;
  const untouched = state(target, format, right);
  const rows = [];
  for (const [syscall, fault, forever = false] of FAULTS) {
    sweep(
      { prepare, argv, target, syscall, fault, forever },
      (when, { exitCode, signal, stderr, hitCall }) => {
        const left = state(target, format, right);
        const again = run(argv);
        const rerun =
          again.exitCode === 0 && contentOf(target, format) === right
            ? 'right'
            : `exit ${again.exitCode}: ${again.stderr.trim()}`;
        const row = {
          inject: `${syscall}:${fault}${forever ? ' from there on' : ''}`,
          exitCode,
          signal,
          stderr,
          left,
          rerun,
        };
        add(rows, row, when, label(hitCall));
      },
    );
  }
  const runs = rows.map(({ row: { inject, ...rest }, when, what }) => ({
    inject,
    when,
    what: what.every((text) => text === undefined) ? undefined : what,
    ...rest,
  }));
  return {
    name,
    argv,
    before: before === old ? 'the target exists: 4 MiB of data' : 'no target',
    untouched,
    runs,
  };
}

/** Neighbours that differ only in the call, in how far the tool had come, and in the offset in the message are one row. */
function add(rows, row, when, what) {
  const { sizeBytes, allocatedBytes, content, ...left } = row.left;
  const stderr = row.stderr.replace(/at byte \d+/, 'at byte N');
  const key = JSON.stringify({ ...row, stderr, left, right: content === 'right' });
  const last = rows.at(-1);
  if (last?.key !== key) {
    rows.push({ key, row, when: [when], what: [what] });
    return;
  }
  last.when.push(when);
  last.what.push(what);
  if (sizeBytes !== undefined) {
    (last.row.sizes ??= [[last.row.left.sizeBytes, last.row.left.allocatedBytes]]).push([
      sizeBytes,
      allocatedBytes,
    ]);
  }
  if (stderr !== row.stderr) {
    (last.row.atBytes ??= [byteIn(last.row.stderr)]).push(byteIn(row.stderr));
  }
}

function byteIn(stderr) {
  return Number(/at byte (\d+)/.exec(stderr)[1]);
}

function contentOf(target, format) {
  const result = run(['qemu-img', 'convert', '-f', format, '-O', 'raw', target, OUT]);
  return result.exitCode === 0 ? digest(OUT) : `unreadable: ${result.stderr.trim()}`;
}

/** What is left: sizes, whether qemu-img opens it, whether it checks, whether the content is right. */
function state(target, format, right) {
  if (!existsSync(target)) {
    return { exists: false };
  }
  const { size, blocks } = lstatSync(target);
  const info = run(['qemu-img', 'info', '-f', format, '--output=json', target]);
  const content = contentOf(target, format);
  return {
    exists: true,
    sizeBytes: size,
    allocatedBytes: blocks * 512,
    info:
      info.exitCode === 0
        ? `virtual size ${JSON.parse(info.stdout)['virtual-size']}`
        : `exit ${info.exitCode}: ${info.stderr.trim()}`,
    ...(format === 'qcow2' ? { check: checkOf(target) } : {}),
    content: content === right ? 'right' : `other (${content})`,
  };
}

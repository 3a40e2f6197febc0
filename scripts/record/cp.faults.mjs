// Records the steps of `cp` and what each fault in each call leaves behind, on ext4, xfs (reflink), btrfs and tmpfs.
import { lstatSync } from 'node:fs';
import {
  COREUTILS_FIXTURES,
  digest,
  existsSync,
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
import { steps, sweep, traced } from './qemu-img.strace.mjs';

const C = `${ROOT}/cp`;
const FAULTS = [
  ['write', 'error=ENOSPC'],
  ['write', 'error=EIO'],
  ['write', 'signal=KILL'],
  ['copy_file_range', 'error=ENOSPC'],
  ['copy_file_range', 'error=EIO'],
  ['copy_file_range', 'error=EXDEV'],
  ['copy_file_range', 'signal=KILL'],
  ['ioctl', 'error=EOPNOTSUPP'],
  ['ioctl', 'error=ENOSPC'],
  ['ioctl', 'error=EIO'],
  ['ioctl', 'signal=KILL'],
  ['ftruncate', 'error=ENOSPC'],
  ['ftruncate', 'signal=KILL'],
  ['fallocate', 'error=ENOSPC'],
  ['fallocate', 'signal=KILL'],
  ['openat', 'error=EACCES'],
  ['openat', 'error=ENOSPC'],
  ['openat', 'signal=KILL'],
  ['close', 'error=EIO'],
  ['close', 'signal=KILL'],
];
const MODES = [
  ['--sparse=always', '--reflink=auto'],
  ['--reflink=always'],
  ['--sparse=always', '--reflink=never'],
  ['--sparse=auto', '--reflink=never'],
  [],
];

const stepEntries = [];
const faultEntries = [];
for (const kind of ['ext4', 'xfs', 'btrfs', 'tmpfs']) {
  const dir = `${C}/${kind}`;
  mount(kind, dir, kind === 'tmpfs' ? 64 * MiB : GiB);
  writePieces(`${dir}/src`, 8 * MiB, [
    [0, MiB, 0x11],
    [4 * MiB, 64 * KiB, 0x12],
    [6 * MiB, MiB, 0],
  ]);
  must(['sync', '-f', dir]);
  for (const mode of MODES) {
    recordCopy(kind, mode);
  }
}
for (const kind of ['ext4', 'tmpfs']) {
  const [dense, target] = [`${C}/${kind}/dense`, `${C}/${kind}/dst`];
  writePieces(dense, MiB, [[0, MiB, 0x11]]);
  for (const mode of [[], ['--sparse=always', '--reflink=auto'], ['--sparse=never']]) {
    must(['rm', '-f', target]);
    const argv = ['cp', ...mode, dense, target];
    const { exitCode, stderr, calls } = traced(argv, target);
    stepEntries.push({
      name: `${kind}: a file without holes: cp ${mode.join(' ')}`,
      argv,
      before: 'no target',
      exitCode,
      stderr,
      after: state(target, digest(dense)),
      steps: squeeze(steps(calls)),
    });
  }
}
writeJson(`${COREUTILS_FIXTURES}/cp-steps.json`, stepEntries);
writeJson(`${COREUTILS_FIXTURES}/cp-faults.json`, faultEntries);
unmountAll();

function recordCopy(kind, mode) {
  const dir = `${C}/${kind}`;
  const [source, target] = [`${dir}/src`, `${dir}/dst`];
  const right = digest(source);
  const argv = ['cp', ...mode, source, target];
  const name = `${kind}: cp ${mode.join(' ')}`;
  const starts = {
    'no target': () => must(['rm', '-f', target]),
    'the target exists: 1 MiB of other data': () => writePieces(target, MiB, [[0, MiB, 0x77]]),
  };
  for (const [before, prepare] of Object.entries(starts)) {
    prepare();
    const { exitCode, stderr, calls } = traced(argv, target, { also: [dir] });
    const after = state(target, right);
    stepEntries.push({ name, argv, before, exitCode, stderr, after, steps: squeeze(steps(calls)) });
    if (before === 'no target' || mode.includes('--sparse=always')) {
      faultEntries.push({ name, argv, before, runs: faults({ prepare, argv, target, right }) });
    }
  }
}

function faults({ prepare, argv, target, right }) {
  const rows = [];
  for (const [syscall, fault] of FAULTS) {
    sweep(
      { prepare, argv, target, syscall, fault },
      (when, { exitCode, signal, stderr, hitCall }) => {
        const left = state(target, right);
        const flags = hitCall.call === 'ioctl' ? hitCall.flags : undefined;
        const again = run(argv);
        const rerun =
          again.exitCode === 0 && state(target, right).content === 'right'
            ? 'right'
            : `exit ${again.exitCode}`;
        add(
          rows,
          { inject: `${syscall}:${fault}`, flags, exitCode, signal, stderr, left, rerun },
          when,
        );
      },
    );
  }
  return rows.map(({ row: { inject, ...rest }, when }) => ({ inject, when, ...rest }));
}

/** One row for neighbours that differ in nothing, or in how far the copy had come. */
function add(rows, row, when) {
  const { sizeBytes, allocatedBytes, content, ...left } = row.left;
  const key = JSON.stringify({ ...row, left });
  const last = rows.at(-1);
  if (last?.key !== key || content === 'right' || last.row.left.content === 'right') {
    rows.push({ key, row, when: [when] });
    return;
  }
  last.when.push(when);
  (last.row.leftSizes ??= [[last.row.left.sizeBytes, last.row.left.allocatedBytes]]).push([
    sizeBytes,
    allocatedBytes,
  ]);
}

function state(target, right) {
  if (!existsSync(target)) {
    return { exists: false };
  }
  const { size, blocks } = lstatSync(target);
  return {
    exists: true,
    sizeBytes: size,
    allocatedBytes: blocks * 512,
    content: digest(target) === right ? 'right' : 'other',
  };
}

/** Equal neighbours as one step with a count. */
function squeeze(list) {
  const short = [];
  for (const step of list) {
    const last = short.at(-1);
    if (
      last !== undefined &&
      step.call === last.call &&
      step.length === last.length &&
      step.flags === last.flags &&
      step.call !== 'reads'
    ) {
      last.times = (last.times ?? 1) + 1;
    } else {
      short.push(step);
    }
  }
  return short;
}

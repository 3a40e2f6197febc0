// Records what each fault in each call of an in-place operation leaves behind, and what brings the image back.
// Argument: the names of the operations to record; default is all.
import { GiB, mount, QEMU_FIXTURES, unmountAll, writeJson } from './record-qemu.mjs';
import { D, DESCRIPTION, makeDisks, place, TARGET } from './qemu-img.disks.mjs';
import { verdict } from './qemu-img.evaluate.mjs';
import { operations, prepareOperation } from './qemu-img.operations.mjs';
import { sweep } from './qemu-img.strace.mjs';

const FAULTS = [
  ['pwrite64', 'error=ENOSPC'],
  ['pwrite64', 'error=EIO'],
  ['pwrite64', 'error=EIO', true],
  ['pwrite64', 'signal=KILL'],
  ['fdatasync', 'error=EIO'],
  ['fdatasync', 'error=EIO', true],
  ['fdatasync', 'error=ENOSPC'],
  ['fdatasync', 'signal=KILL'],
  ['ftruncate', 'error=EIO'],
  ['ftruncate', 'signal=KILL'],
  ['fallocate', 'error=EIO'],
  ['fallocate', 'error=ENOSPC'],
  ['fallocate', 'error=EOPNOTSUPP'],
  ['fallocate', 'signal=KILL'],
  ['openat', 'error=EIO'],
  ['openat', 'error=EACCES'],
  ['openat', 'signal=KILL'],
  ['pread64', 'error=EIO'],
  ['close', 'signal=KILL'],
];

mount('ext4', D, 8 * GiB);
makeDisks();
const wanted = process.argv.slice(2);
const files = new Map();
for (const operation of operations.filter(({ faults }) => faults !== false)) {
  if (wanted.length === 0 || wanted.includes(operation.file)) {
    files.set(operation.file, [...(files.get(operation.file) ?? []), record(operation)]);
  }
}
for (const [file, entries] of files) {
  writeJson(`${QEMU_FIXTURES}/faults-${file}.json`, entries);
}
unmountAll();

function record(operation) {
  process.stderr.write(`faults of ${operation.name}\n`);
  const { argv, disk } = operation;
  const prepared = prepareOperation(operation);
  const { before, after, evaluator, name, clean } = prepared;
  const runs = [];
  for (const [syscall, fault, forever = false] of FAULTS) {
    const visit = (when, outcome) => {
      const { exitCode, signal, stderr } = outcome;
      runs.push({
        inject: `${syscall}:${fault}${forever ? ' from there on' : ''}`,
        when,
        what: name(outcome.hitCall),
        exitCode,
        signal,
        stderr,
        state: evaluator.state(),
      });
    };
    const touched = sweep(
      { prepare: () => place(disk), argv, target: TARGET, syscall, fault, forever },
      visit,
    );
    if (touched === 0) {
      runs.push({ inject: `${syscall}:${fault}`, when: 1, note: 'no such call' });
    }
  }
  return {
    name: operation.name,
    argv,
    disk: DESCRIPTION[disk],
    note: operation.note,
    before,
    after,
    verdict: verdict(evaluator.table()),
    steps: clean,
    states: evaluator.table(),
    runs: merge(runs),
  };
}

/** Neighbours that differ in the call alone are one row. */
function merge(runs) {
  const rows = [];
  for (const { when, what, ...row } of runs) {
    const last = rows.at(-1);
    const key = JSON.stringify(row);
    if (last !== undefined && last.key === key) {
      last.when.push(when);
      last.what.push(what);
    } else {
      rows.push({ key, row, when: [when], what: [what] });
    }
  }
  return rows.map(({ row, when, what }) => {
    const { inject, ...rest } = row;
    const names = what.filter((text) => text !== undefined);
    return { inject, when, ...(names.length === 0 ? {} : { what: names }), ...rest };
  });
}

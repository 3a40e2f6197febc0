// Records what a power loss during an in-place operation can leave: the writes of one run are replayed, and of those
// that were not yet synced (since the last fdatasync) every subset, or many, is applied, whole or torn.
// Argument: the names of the operations; default is all.
import { readFileSync, writeFileSync } from 'node:fs';
import { GiB, mount, QEMU_FIXTURES, unmountAll, writeJson } from './record-qemu.mjs';
import { D, DESCRIPTION, golden, makeDisks, place, TARGET } from './qemu-img.disks.mjs';
import { verdict } from './qemu-img.evaluate.mjs';
import { operations, prepareOperation } from './qemu-img.operations.mjs';
import { oneThread, traced } from './qemu-img.strace.mjs';

const SECTOR = 512;
const MAX_EXHAUSTIVE = 6;
/** Of more writes than this only the last few, which are metadata, are torn. */
const MANY = 20;
const TORN_OF_MANY = 3;

mount('tmpfs', D, GiB);
makeDisks();
const wanted = process.argv.slice(2);
const chosen = operations.filter(
  ({ file, powerLoss }) => powerLoss !== false && (wanted.length === 0 || wanted.includes(file)),
);
for (const file of new Set(chosen.map((operation) => operation.file))) {
  const entries = chosen
    .filter((operation) => operation.file === file)
    .map((operation) => record(operation));
  writeJson(`${QEMU_FIXTURES}/power-loss-${file}.json`, entries);
}
unmountAll();

function record(operation) {
  process.stderr.write(`power losses of ${operation.name}\n`);
  const { argv, disk, powerLoss = '' } = operation;
  const { before, after, evaluator, name } = prepareOperation(operation);
  place(disk);
  const { calls } = traced(oneThread(argv), TARGET, { data: true });
  const epochs = split(
    calls.filter(({ call }) =>
      ['pwrite64', 'ftruncate', 'fallocate', 'fdatasync', 'fsync'].includes(call),
    ),
  );
  let durable = readFileSync(golden(disk));
  const rows = [];
  for (const { ops, synced } of epochs) {
    const outcomes = new Map();
    const watched = powerLoss === '' || ops.some((op) => (name(op) ?? '').includes(powerLoss));
    for (const variant of watched ? variants(ops) : []) {
      writeFileSync(
        TARGET,
        variant.reduce((file, piece) => apply(file, piece), durable),
      );
      const state = evaluator.state();
      const labels = variant.map((piece) => piece.label);
      const found = outcomes.get(state) ?? { state, count: 0, applied: labels };
      found.count += 1;
      outcomes.set(state, found);
    }
    rows.push({
      unsynced: ops.map((op) => `${op.call} ${op.offset ?? ''}+${op.length}: ${name(op) ?? ''}`),
      endsWith: synced ? 'fdatasync' : 'close',
      outcomes: watched ? [...outcomes.values()] : 'not tried',
    });
    durable = ops.reduce((file, op) => apply(file, { op }), durable);
  }
  return {
    name: operation.name,
    argv,
    disk: DESCRIPTION[disk],
    before,
    after,
    verdict: verdict(evaluator.table()),
    epochs: rows,
    states: evaluator.table(),
  };
}

/** The calls between two syncs, of which any subset may be lost. */
function split(calls) {
  const epochs = [{ ops: [], synced: false }];
  for (const call of calls) {
    if (call.call === 'fdatasync' || call.call === 'fsync') {
      epochs.at(-1).synced = true;
      epochs.push({ ops: [], synced: false });
    } else {
      epochs.at(-1).ops.push(call);
    }
  }
  return epochs.filter(({ ops }) => ops.length > 0);
}

/** Lists of pieces to apply: subsets of whole calls, then each call torn, alone and with all the others. */
function variants(ops) {
  const whole = ops.map((op, n) => ({ op, label: n }));
  const list = [];
  if (ops.length <= MAX_EXHAUSTIVE) {
    for (let bits = 0; bits < 2 ** ops.length; bits += 1) {
      list.push(whole.filter((_, n) => (bits & (1 << n)) !== 0));
    }
  } else {
    for (let n = 0; n <= ops.length; n += 1) {
      list.push(
        whole.slice(0, n),
        whole.slice(n),
        whole.filter((_, m) => m !== n),
        whole.filter((_, m) => m === n),
      );
    }
    let seed = 12345;
    for (let n = 0; n < 24; n += 1) {
      list.push(
        whole.filter(() => ((seed = (seed * 1103515245 + 12345) % 2147483648) & 65536) !== 0),
      );
    }
  }
  const tearable = ops.length > MANY ? [...ops.entries()].slice(-TORN_OF_MANY) : [...ops.entries()];
  for (const [n, op] of tearable) {
    for (const torn of tears(op, n)) {
      list.push(
        [torn],
        whole.map((piece) => (piece.label === n ? torn : piece)),
      );
    }
  }
  return list;
}

/** A write of several sectors of which only some arrived; one that made the file longer but whose bytes did not arrive. */
function tears(op, n) {
  if (op.call !== 'pwrite64') {
    return [];
  }
  const sectors = Math.ceil(op.length / SECTOR);
  const masks =
    sectors > 1
      ? [
          (s) => s < sectors / 2,
          (s) => s >= sectors / 2,
          (s) => s % 2 === 0,
          (s) => s === 0,
          (s) => s !== 0,
        ]
      : [];
  return [
    ...masks.map((mask, m) => ({ op, mask, label: `${n} torn ${m}` })),
    { op, mask: () => false, label: `${n} length only` },
  ];
}

function apply(file, { op, mask }) {
  if (op.call === 'ftruncate') {
    const next = Buffer.alloc(op.length);
    file.copy(next);
    return next;
  }
  const end = op.call === 'fallocate' ? file.length : Math.max(file.length, op.offset + op.length);
  const next = Buffer.alloc(end);
  file.copy(next);
  if (op.call === 'fallocate') {
    next.fill(0, op.offset, Math.min(end, op.offset + op.length));
    return next;
  }
  const bytes = bytesOf(op);
  for (let sector = 0; sector * SECTOR < op.length; sector += 1) {
    if (mask === undefined || mask(sector)) {
      bytes.copy(
        next,
        op.offset + sector * SECTOR,
        sector * SECTOR,
        Math.min(op.length, (sector + 1) * SECTOR),
      );
    }
  }
  return next;
}

function bytesOf(op) {
  op.bytes ??= Buffer.from(/"((?:\\x[0-9a-f]{2})*)"/.exec(op.args)[1].replaceAll('\\x', ''), 'hex');
  return op.bytes;
}

// Runs a tool under strace: the list of its steps on one file, and faults injected into the N-th call of a kind.
import { readFileSync, rmSync } from 'node:fs';
import { ROOT, run } from './record-qemu.mjs';

const LOG = `${ROOT}/.strace-${process.pid}.log`;
export const MUTATING = [
  'pwrite64',
  'pwritev',
  'write',
  'ftruncate',
  'fallocate',
  'fsync',
  'fdatasync',
  'copy_file_range',
  'unlink',
  'rename',
  'link',
];
const TRACED = [
  ...MUTATING,
  'openat',
  'pread64',
  'preadv',
  'read',
  'fcntl',
  'close',
  'ioctl',
  'lseek',
];

/**
 * strace counts calls per thread, and qemu writes from a pool of threads: with a pool of one the N-th call is the N-th
 * of the process. The order of calls is the same (checked in qemu-img.steps.mjs).
 */
export function oneThread(argv) {
  return argv[0] === 'qemu-img'
    ? [argv[0], argv[1], '--object', 'main-loop,id=loop,thread-pool-max=1', ...argv.slice(2)]
    : argv;
}

/** Runs with the calls on `target` (and with `also`) logged; `inject` is strace's own syntax. */
export function traced(argv, target, { inject, data = false, also = [] } = {}) {
  const paths = [target, ...also].flatMap((path) => ['-P', path]);
  const faults = inject === undefined ? [] : ['-e', `inject=${inject}`];
  const text = data ? ['-xx', '-s', '4194304'] : ['-s', '0'];
  const result = run([
    'strace',
    '-f',
    '-qq',
    '-o',
    LOG,
    ...paths,
    ...text,
    '-e',
    'signal=none',
    '-e',
    `trace=${TRACED.join(',')}`,
    ...faults,
    ...argv,
  ]);
  const log = readFileSync(LOG, 'utf8');
  rmSync(LOG);
  return { ...result, calls: parse(log) };
}

/** One entry a call, in the order in which they began. */
export function parse(log) {
  const open = new Map();
  const calls = [];
  for (const line of log.split('\n')) {
    const match = /^(\d+) +(.*)$/s.exec(line);
    if (match === null || /^(\+\+\+|---)/.test(match[2])) {
      continue;
    }
    const [, pid, text] = match;
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(text);
    if (resumed !== null) {
      const call = open.get(pid);
      open.delete(pid);
      Object.assign(call, readCall(call.text + resumed[1]));
      continue;
    }
    const unfinished = / ?<unfinished \.\.\.>$/.test(text);
    const clean = text.replace(/ ?<unfinished \.\.\.>$/, '');
    const call = {
      pid,
      text: clean,
      ...(unfinished ? { call: clean.slice(0, clean.indexOf('(')), result: '?' } : readCall(clean)),
    };
    calls.push(call);
    if (unfinished) {
      open.set(pid, call);
    }
  }
  return calls;
}

function readCall(text) {
  const call = text.slice(0, text.indexOf('('));
  const at = text.search(/\)\s+= (?!.*\)\s+= )/s);
  const args = text.slice(call.length + 1, at);
  const [, result = '?'] = /= (-?\w+\??(?: E\w+)?)/.exec(text.slice(at)) ?? [];
  const injected = text.includes('(INJECTED)');
  return {
    call,
    args,
    result: result.replace(/^-1 /, ''),
    ...(injected ? { injected } : {}),
    ...details(call, args),
  };
}

function details(call, args) {
  const numbers = args.split(', ');
  if (call === 'pwrite64' || call === 'pread64') {
    return { length: Number(numbers.at(-2)), offset: Number(numbers.at(-1)) };
  }
  if (call === 'pwritev' || call === 'preadv') {
    const lengths = [...args.matchAll(/iov_len=(\d+)/g)].map((match) => Number(match[1]));
    return {
      length: lengths.reduce((sum, length) => sum + length, 0),
      offset: Number(numbers.at(-1)),
    };
  }
  if (call === 'ftruncate') {
    return { length: Number(numbers.at(-1)) };
  }
  if (call === 'fallocate') {
    return { flags: numbers[1], offset: Number(numbers[2]), length: Number(numbers[3]) };
  }
  if (call === 'openat') {
    return { flags: numbers[2] };
  }
  if (call === 'fcntl') {
    const lock = /l_type=(\w+), l_whence=SEEK_SET, l_start=(\d+), l_len=(\d+)/.exec(args);
    return lock === null ? {} : { lock: [numbers[1], lock[1], Number(lock[2]), Number(lock[3])] };
  }
  if (call === 'write' || call === 'read') {
    return { length: Number(numbers.at(-1)) };
  }
  if (call === 'ioctl') {
    return { flags: numbers[1] };
  }
  if (call === 'lseek') {
    return { offset: Number(numbers[1]), flags: numbers[2] };
  }
  return {};
}

const READS = new Set(['pread64', 'preadv', 'read', 'lseek', 'ioctl']);

/** The calls as a short list of steps: reads and locks of one stretch are one step each. */
export function steps(calls, name = () => undefined) {
  const list = [];
  for (const call of calls) {
    const last = list.at(-1);
    if (READS.has(call.call) && !/CLONE/.test(call.flags ?? '')) {
      if (last?.call === 'reads') {
        last.count += 1;
      } else {
        list.push({ call: 'reads', count: 1 });
      }
    } else if (call.lock !== undefined) {
      const [operation, type, start, length] = call.lock;
      const kind = operation.endsWith('GETLK') ? 'test' : type === 'F_UNLCK' ? 'unlock' : 'lock';
      const group = last?.call === 'ofd-locks' ? last : { call: 'ofd-locks' };
      (group[kind] ??= []).push(length === 1 ? start : [start, length]);
      if (group !== last) {
        list.push(group);
      }
    } else if (call.call !== 'fcntl') {
      const { flags, offset, length, result } = call;
      const step = {
        call: call.call,
        offset,
        length,
        flags,
        result: result === '0' || Number(result) === length ? 'ok' : result,
        what: name(call),
      };
      if (call.call === 'openat' && Number(result) >= 0) {
        step.result = 'ok';
      }
      list.push(JSON.parse(JSON.stringify(step)));
    }
  }
  return list.map((step) =>
    step.call === 'ofd-locks' ? { call: 'ofd-locks', ...pack(step) } : step,
  );
}

/** Lock lists that only repeat are cut to their set. */
function pack(step) {
  return Object.fromEntries(
    ['lock', 'test', 'unlock']
      .filter((key) => step[key] !== undefined)
      .map((key) => [
        key,
        [...new Set(step[key].map((x) => JSON.stringify(x)))].map((x) => JSON.parse(x)),
      ]),
  );
}

/**
 * Runs once for each N = 1, 2, … with the fault in the N-th call of this kind, until the tool is not touched any more.
 * strace counts per thread; a run in which the fault fell on another call than the N-th of the process is repeated.
 */
export function sweep({ prepare, argv, target, syscall, fault, forever = false }, visit) {
  for (let when = 1; when < 400; when += 1) {
    const outcome = once({ prepare, argv, target, syscall, fault, when, forever });
    if (!outcome.touched) {
      return when - 1;
    }
    visit(when, outcome);
  }
  throw new Error(`${argv.join(' ')}: ${syscall} ${fault}: no end`);
}

function once({ prepare, argv, target, syscall, fault, when, forever }) {
  const inject = `${syscall}:${fault}:when=${when}${forever ? '+' : ''}`;
  for (let attempt = 0; attempt < 8; attempt += 1) {
    prepare();
    const result = traced(oneThread(argv), target, { inject });
    const same = result.calls.filter((call) => call.call === syscall);
    const kill = fault.startsWith('signal');
    const hit = kill
      ? result.signal === null
        ? -1
        : same.length - 1
      : same.findIndex((call) => call.injected);
    if (hit === -1) {
      if (same.length < when) {
        return { ...result, touched: false };
      }
    } else if (hit === when - 1 && (forever || same.filter((call) => call.injected).length <= 1)) {
      return {
        ...result,
        touched: true,
        step: result.calls.indexOf(same[hit]),
        hitCall: same[hit],
      };
    }
  }
  throw new Error(
    `${argv.join(' ')}: ${inject}: the fault never fell on the N-th call of the process`,
  );
}

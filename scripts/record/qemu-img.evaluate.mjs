// Says what a qcow2 file is worth after a fault: checks, contents of every point in time, what repairing and rerunning gives.
import { createHash } from 'node:crypto';
import { copyFileSync, lstatSync, readFileSync, rmSync } from 'node:fs';
import { digest, existsSync, MiB, run } from './record-qemu.mjs';
import { at, BASE, TARGET } from './qemu-img.disks.mjs';
import { contentOf, open } from './qemu-img.qcow2.mjs';

const SAVED = at('saved.qcow2');

const KINDS = [
  ['copied flag', /OFLAG_COPIED/],
  ['refcount too low', /^ERROR cluster \d+ refcount=\d+ reference=\d+/],
  ['beyond the end', /exceeding the end of the file/],
];

/** What `qemu-img check` says, in a few words. */
export function checkOf(file) {
  const { exitCode, signal, stdout, stderr } = run([
    'qemu-img',
    'check',
    '-f',
    'qcow2',
    '--output=json',
    file,
  ]);
  const lines = stderr.trim().split('\n');
  if (stdout === '') {
    return `exit ${exitCode ?? signal}: ${lines.at(-1)}`;
  }
  const { corruptions = 0, leaks = 0 } = JSON.parse(stdout);
  const kinds = KINDS.map(([name, pattern]) => [
    lines.filter((line) => pattern.test(line)).length,
    name,
  ]).filter(([count]) => count > 0);
  const text =
    kinds.length === 0 ? '' : ` (${kinds.map(([count, name]) => `${count} ${name}`).join(', ')})`;
  return exitCode === 0
    ? 'clean'
    : `exit ${exitCode}: ${corruptions} corruptions${text}, ${leaks} leaks`;
}

/** `size:digest` of the active content as qemu-img reads it, or its error. Large ones are read by our own reader. */
export function activeOf(file) {
  const image = open(file);
  if (image !== undefined && image.size > 64 * MiB) {
    return contentOf(image, image.l1, image.size, readFileSync(BASE));
  }
  const out = at('content.raw');
  const result = run(['qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', file, out]);
  const found = result.exitCode === 0 ? digest(out) : `unreadable: ${result.stderr.trim()}`;
  rmSync(out, { force: true });
  return found;
}

const empty = Buffer.alloc(0);
const repair = (what) => ['qemu-img', 'check', '-q', '-r', what, '-f', 'qcow2', TARGET];

export class Evaluator {
  /**
   * @param argv the command
   * @param labels from `size:digest` to a name for an active content
   * @param expected from a snapshot's name to its right content
   * @param recover commands that may bring the image back; tried in this order
   */
  constructor({ argv, labels, expected, recover }) {
    Object.assign(this, { argv, labels, expected, recover, states: new Map(), rows: [] });
    this.base = existsSync(BASE) ? readFileSync(BASE) : empty;
  }

  /** The state of TARGET, as an entry of the table of states. */
  state() {
    if (!existsSync(TARGET)) {
      return 'absent';
    }
    const key = createHash('sha256').update(readFileSync(TARGET)).digest('hex');
    const known = this.states.get(key);
    if (known !== undefined) {
      return known.state;
    }
    const { sizeBytes, ...described } = this.describe();
    const text = JSON.stringify(described);
    const same = this.rows.find((row) => row.text === text) ?? {
      text,
      entry: { state: `S${this.rows.length}`, sizesBytes: [], ...described },
    };
    if (!this.rows.includes(same)) {
      this.rows.push(same);
    }
    if (!same.entry.sizesBytes.includes(sizeBytes)) {
      same.entry.sizesBytes.push(sizeBytes);
    }
    this.states.set(key, same.entry);
    return same.entry.state;
  }

  describe() {
    copyFileSync(TARGET, SAVED);
    const now = { sizeBytes: lstatSync(TARGET).size, ...this.view() };
    const again = () => this.act(this.argv, now);
    const result = { ...now, rerun: again() };
    if (now.check !== 'clean') {
      result.repairLeaks = this.act(repair('leaks'), now);
      result.repairLeaksThenRerun = this.after(repair('leaks'), now);
      result.repairAll = this.act(repair('all'), now);
      result.repairAllThenRerun = this.after(repair('all'), now);
      for (const [key, value] of [
        ['repairAll', 'repairLeaks'],
        ['repairAllThenRerun', 'repairLeaksThenRerun'],
      ]) {
        if (JSON.stringify(result[key]) === JSON.stringify(result[value])) {
          delete result[key];
        }
      }
      result.guestWrites = this.guest(now);
    }
    if (this.recover !== undefined) {
      copyFileSync(SAVED, TARGET);
      this.recover.slice(0, -1).forEach((argv) => run(argv));
      result.recovered = this.act(this.recover.at(-1), now, false);
    }
    copyFileSync(SAVED, TARGET);
    return result;
  }

  /** Runs a command on a copy and says what came of it; what stayed as it was is left out. */
  act(argv, now, restore = true) {
    if (restore) {
      copyFileSync(SAVED, TARGET);
    }
    const { exitCode, signal, stderr } = run(argv);
    const view = this.view();
    const changed = Object.fromEntries(
      Object.entries(view).filter(
        ([key, value]) => JSON.stringify(value) !== JSON.stringify(now[key]),
      ),
    );
    const said =
      exitCode === 0 || argv[1] === 'check'
        ? {}
        : { stderr: stderr.trim().split('\n').slice(-2).join('\n') };
    return { exitCode: exitCode ?? signal, ...said, ...changed };
  }

  /** The command again, after a repair. */
  after(first, now) {
    copyFileSync(SAVED, TARGET);
    run(first);
    return this.act(this.argv, now, false);
  }

  /** What a guest that writes all of an unrepaired disk does to the snapshots. */
  guest(now) {
    copyFileSync(SAVED, TARGET);
    const { exitCode, stderr } = run([
      'qemu-io',
      '-f',
      'qcow2',
      '-c',
      `write -q -P 238 0 ${Math.min(now.virtualSizeBytes ?? 0, 32 * MiB)}`,
      TARGET,
    ]);
    const { snapshots, check } = this.view();
    return {
      ...(exitCode === 0 && stderr === '' ? {} : { exitCode, stderr }),
      snapshots: snapshots?.some((text) => text.includes('WRONG')) ? snapshots : 'all right',
      check,
    };
  }

  view() {
    const info = run(['qemu-img', 'info', '-f', 'qcow2', '--output=json', TARGET]);
    const check = checkOf(TARGET);
    if (info.exitCode !== 0) {
      return { info: `exit ${info.exitCode ?? info.signal}: ${info.stderr.trim()}`, check };
    }
    const { 'virtual-size': virtualSizeBytes, 'backing-filename': backing } = JSON.parse(
      info.stdout,
    );
    const active = activeOf(TARGET);
    const base = backing === undefined ? empty : this.base;
    const image = open(TARGET);
    const snapshots = image.snapshots.map((snapshot) => {
      const content = contentOf(image, snapshot.l1, snapshot.size, base);
      const right = this.expected[snapshot.name] === content;
      return `${snapshot.id}:${snapshot.name} ${right ? 'right' : 'WRONG'}`;
    });
    return {
      virtualSizeBytes,
      backed: backing !== undefined,
      check,
      active: this.labels[active] ?? this.mixed(image, base) ?? `other (${active})`,
      snapshots,
    };
  }

  /** Names a content that is right up to the new size and something else beyond it. */
  mixed(image, base) {
    for (const [content, label] of Object.entries(this.labels)) {
      const size = Number(content.split(':')[0]);
      if (size < image.size && contentOf(image, image.l1, size, base) === content) {
        return `${label} up to ${size}, beyond it something else`;
      }
    }
    return undefined;
  }

  table() {
    return this.rows.map((row) => row.entry);
  }
}

const wrong = (view) => (view.snapshots ?? []).some((text) => text.includes('WRONG'));
const failed = (view) => view !== undefined && view.exitCode !== 0;

/** Over all states: what the worst is. */
export function verdict(states) {
  const count = (test) => states.filter((state) => test(state)).length;
  return {
    states: states.length,
    unreadable: count(({ info, active }) => info !== undefined || active?.startsWith('unreadable')),
    activeNeitherBeforeNorAfter: count(
      ({ active }) => !['before', 'after', 'before = after'].includes(active),
    ),
    snapshotWrong: count(wrong),
    checkClean: count(({ check }) => check === 'clean'),
    checkLeaksOnly: count(({ check }) => /: 0 corruptions/.test(check)),
    checkCorrupt: count(({ check }) => /exit 2/.test(check)),
    rerunFails: count(({ rerun }) => failed(rerun)),
    repairLeaksFails: count(({ repairLeaks }) => failed(repairLeaks)),
    repairLeaksThenRerunFails: count(({ repairLeaksThenRerun }) => failed(repairLeaksThenRerun)),
    guestWritesBreakSnapshots: count(
      ({ guestWrites }) => guestWrites !== undefined && guestWrites.snapshots !== 'all right',
    ),
  };
}

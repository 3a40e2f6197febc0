// Helpers of the recorders of qemu-img and the coreutils: run a tool, note what it did, write a fixture.
import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;

const here = dirname(fileURLToPath(import.meta.url));

/** Where everything happens: always the same path, so that a second recording gives the same text. */
export const ROOT = '/tmp/platter-record';
export const QEMU_FIXTURES = join(here, '../../fixtures/qemu-img-7.2');
export const COREUTILS_FIXTURES = join(here, '../../fixtures/coreutils-9.1');

const NOBODY = 65534;
const ENV = { PATH: process.env.PATH, LC_ALL: 'C', HOME: '/root' };

/** Runs a tool to its end and returns what a caller can see of it. */
export function run(argv, options = {}) {
  const [file, ...args] = argv;
  const as = options.as === 'nobody' ? { uid: NOBODY, gid: NOBODY } : {};
  const result = spawnSync(file, args, {
    cwd: options.cwd ?? ROOT,
    input: options.input ?? '',
    env: ENV,
    maxBuffer: 256 * MiB,
    encoding: 'utf8',
    ...as,
  });
  if (result.error !== undefined && result.status === null && result.signal === null) {
    throw result.error;
  }
  return {
    exitCode: result.status,
    signal: result.signal,
    stdout: result.stdout,
    stderr: result.stderr,
  };
}

/** Runs a tool that must succeed: preparation, not recorded. */
export function must(argv, options) {
  const result = run(argv, options);
  if (result.exitCode !== 0) {
    throw new Error(`${argv.join(' ')}: exit ${result.exitCode} ${result.signal} ${result.stderr}`);
  }
  return result.stdout;
}

/** Starts a tool; resolves `ready` when `text` was seen on its standard output. */
export function start(argv, { cwd = ROOT, until } = {}) {
  const [file, ...args] = argv;
  const child = spawn(file, args, { cwd, env: ENV, stdio: ['pipe', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  let markReady;
  const ready = new Promise((resolve) => {
    markReady = resolve;
  });
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    if (until !== undefined && stdout.includes(until)) {
      markReady();
    }
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise((resolve) => {
    child.on('close', (exitCode, signal) => {
      markReady();
      resolve({ exitCode, signal, stdout, stderr });
    });
  });
  return { child, ready, ended };
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function describeFile(path) {
  let stat;
  try {
    stat = lstatSync(path);
  } catch {
    return { path, exists: false };
  }
  const kinds = { isDirectory: 'directory', isSymbolicLink: 'symlink', isFIFO: 'fifo' };
  const kind = Object.keys(kinds).find((name) => stat[name]());
  return {
    path,
    exists: true,
    sizeBytes: stat.size,
    allocatedBytes: stat.blocks * 512,
    mode: (stat.mode & 0o7777).toString(8),
    ...(kind === undefined ? {} : { kind: kinds[kind] }),
  };
}

/** One fixture file: the entries in the order in which they ran. */
export class Topic {
  constructor(folder, name) {
    this.path = join(folder, `${name}.json`);
    this.entries = [];
    this.pending = [];
    process.stderr.write(`recording ${name}\n`);
  }

  /** Preparation that must succeed; its command stands in the next entry's `before`. */
  prepare(...commands) {
    for (const argv of commands) {
      must(argv);
      this.pending.push(argv.join(' '));
    }
  }

  /** Says in the next entry's `before` what was done by other means than a command. */
  did(text) {
    this.pending.push(text);
  }

  /** Runs and records. `files` are the paths to describe afterwards. */
  record(name, argv, { note, files = [], ...options } = {}) {
    return this.add(name, argv, run(argv, options), { note, files, as: options.as });
  }

  add(name, argv, result, { note, files = [], ...more } = {}) {
    const { exitCode, signal, stdout, stderr } = result;
    const entry = { name, argv, exitCode, signal, stdout, stderr };
    if (note !== undefined) {
      entry.note = note;
    }
    for (const [key, value] of Object.entries(more)) {
      if (value !== undefined) {
        entry[key] = value;
      }
    }
    if (this.pending.length > 0) {
      entry.before = this.pending;
      this.pending = [];
    }
    entry.files = files.map((path) => describeFile(path));
    this.entries.push(entry);
    return entry;
  }

  save() {
    writeJson(this.path, this.entries);
  }
}

/** Pretty at the top, one line for what is deep: short files whose changes read well. */
export function writeJson(path, value) {
  mkdirSync(dirname(path), { recursive: true });
  const text = Array.isArray(value)
    ? `[\n${value.map((entry) => formatEntry(entry)).join(',\n')}\n]\n`
    : `${formatEntry(value)}\n`;
  writeFileSync(path, text);
  process.stderr.write(`wrote ${path}: ${text.length} bytes\n`);
}

function formatEntry(entry) {
  if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) {
    return JSON.stringify(entry);
  }
  const known = Object.entries(entry).filter(([, value]) => value !== undefined);
  const lines = known.map(([key, value]) => {
    const rows =
      Array.isArray(value) && value.some((row) => row !== null && typeof row === 'object');
    const text = rows
      ? `[\n    ${value.map((row) => JSON.stringify(row)).join(',\n    ')}\n  ]`
      : JSON.stringify(value);
    return `  ${JSON.stringify(key)}: ${text}`;
  });
  return `{\n${lines.join(',\n')}\n}`;
}

// ---- places -------------------------------------------------------------------------------------

const mounted = [];

/** Mounts a fresh filesystem of this kind and size: ext4, xfs (reflink), btrfs on a loop file, or tmpfs. */
export function mount(kind, path, sizeBytes, mkfsOptions = []) {
  unmount(path);
  mkdirSync(path, { recursive: true });
  if (kind === 'tmpfs') {
    must(['mount', '-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'tmpfs', path], { cwd: '/' });
  } else {
    const file = `${path}.img`;
    rmSync(file, { force: true });
    must(['truncate', '-s', String(sizeBytes), file], { cwd: '/' });
    const mkfs = {
      ext4: ['mkfs.ext4', '-q', '-F', '-m', '0', ...mkfsOptions, file],
      xfs: ['mkfs.xfs', '-q', '-f', '-m', 'reflink=1', ...mkfsOptions, file],
      btrfs: ['mkfs.btrfs', '-q', '-f', ...mkfsOptions, file],
    };
    must(mkfs[kind], { cwd: '/' });
    must(['mount', '-o', 'loop', file, path], { cwd: '/' });
  }
  mounted.push(path);
}

export function unmount(path) {
  const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
  if (mounts.some((line) => line.split(' ')[1] === path)) {
    must(['umount', path], { cwd: '/' });
  }
  rmSync(`${path}.img`, { force: true });
}

export function unmountAll() {
  for (const path of mounted.splice(0).reverse()) {
    unmount(path);
    rmSync(path, { recursive: true, force: true });
  }
}

/** An empty directory. */
export function fresh(path) {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path, { recursive: true });
  return path;
}

// ---- contents -----------------------------------------------------------------------------------

/** Writes a file made of `[offset, length, byte]` pieces; the rest are holes. */
export function writePieces(path, sizeBytes, pieces) {
  const fd = openSync(path, 'w');
  for (const [offset, length, byte] of pieces) {
    writeSync(fd, Buffer.alloc(length, byte), 0, length, offset);
  }
  closeSync(fd);
  must(['truncate', '-s', String(sizeBytes), path]);
}

const CHUNK = 64 * KiB;
const ZEROS = Buffer.alloc(MiB);

/** A digest of a file's contents that skips zeros: `size:digest`. */
export function digest(path) {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(MiB);
  const fd = openSync(path, 'r');
  const { size } = lstatSync(path);
  for (let offset = 0; offset < size; offset += MiB) {
    const length = readSync(fd, buffer, 0, MiB, offset);
    if (buffer.compare(ZEROS, 0, length, 0, length) !== 0) {
      hashChunks(hash, buffer.subarray(0, length), offset);
    }
  }
  closeSync(fd);
  return `${size}:${hash.digest('hex').slice(0, 16)}`;
}

function hashChunks(hash, buffer, offset) {
  for (let at = 0; at < buffer.length; at += CHUNK) {
    const chunk = buffer.subarray(at, at + CHUNK);
    if (chunk.compare(ZEROS, 0, chunk.length) !== 0) {
      hash.update(`${offset + at}:`).update(chunk);
    }
  }
}

export { existsSync };

/** A real Ceph cluster (scripts/lab/ceph run), in which each world has a namespace of its own. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ConfigInput } from '../../src/config/config.ts';
import type { ImageWorld } from '../contract/images.contract.ts';
import { leftoversIn, makeImage, readByte } from '../real/file-images.ts';
import { realWorld } from '../real/real-world.ts';

const exec = promisify(execFile);
const maxBuffer = 256 * 1024 * 1024;

export const MiB = 1024 * 1024;

/** Of the cluster that this run was started with. */
export function cephConf(): string {
  const path = process.env['PLATTER_CEPH_CONF'];
  if (path === undefined) throw new Error('run these tests by scripts/lab/ceph run -- …');
  return path;
}

export async function rbd(...args: readonly string[]): Promise<string> {
  return (await exec('rbd', ['--conf', cephConf(), ...args], { maxBuffer })).stdout;
}

export async function rados(...args: readonly string[]): Promise<string> {
  return (await exec('rados', ['--conf', cephConf(), ...args])).stdout;
}

export async function ceph(...args: readonly string[]): Promise<string> {
  return (await exec('ceph', ['--conf', cephConf(), ...args])).stdout;
}

export async function namesIn(pool: string): Promise<readonly string[]> {
  return JSON.parse(await rbd('ls', pool, '--format', 'json')) as string[];
}

/** Names of platter's own in a pool that should only be there while something is being done. */
export async function draftsIn(pool: string): Promise<readonly string[]> {
  return (await namesIn(pool)).filter((name) => /^_(part|gone)\./.test(name));
}

async function newNamespace(): Promise<string> {
  const pool = `vms/t${randomBytes(6).toString('hex')}`;
  await rbd('namespace', 'create', pool);
  return pool;
}

export function rbdConfig(pool: string, templatePool = pool): NonNullable<ConfigInput['rbd']> {
  return { pool, templatePool, cephConf: cephConf() };
}

export interface RbdWorld extends ImageWorld {
  readonly pool: string;
}

export async function rbdWorld(): Promise<RbdWorld> {
  const world = await realWorld()();
  const pool = await newNamespace();
  const instancesPath = `${world.directory}/instances`;
  return {
    ...world,
    pool,
    config: { instancesPath, rbd: rbdConfig(pool) },
    makeTemplate: makeImage,
    write: async (image, position, byte) =>
      write(specOf((await image.info()).path), position, byte),
    read: (path, format, position) =>
      path.startsWith('rbd:') ? byteAt(specOf(path), position) : readByte(path, format, position),
    check: async () => {},
    leftovers: async () => [...(await leftoversIn(instancesPath)), ...(await draftsIn(pool))],
  };
}

/** `rbd:<pool>/<image>:conf=…` */
function specOf(path: string): string {
  return path.replace(/^rbd:/, '').replace(/:.*$/, '');
}

export async function byteAt(spec: string, position: number): Promise<number> {
  const { stdout } = await exec(
    'rbd',
    ['--conf', cephConf(), 'export', '--no-progress', spec, '-'],
    { encoding: 'buffer', maxBuffer },
  );
  return stdout[position] ?? -1;
}

/** 64 KiB of one byte, by a difference that is applied: that needs no other tool. */
export async function write(spec: string, position: number, byte: number): Promise<void> {
  const length = 64 * 1024;
  const header = Buffer.alloc(17);
  header.write('w');
  header.writeBigUInt64LE(BigInt(position), 1);
  header.writeBigUInt64LE(BigInt(length), 9);
  const child = spawn('rbd', ['--conf', cephConf(), 'import-diff', '--no-progress', '-', spec], {
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  child.stdin.end(
    Buffer.concat([
      Buffer.from('rbd diff v1\n'),
      header,
      Buffer.alloc(length, byte),
      Buffer.from('e'),
    ]),
  );
  const [status] = (await once(child, 'exit')) as [number];
  if (status !== 0) throw new Error(`cannot write to ${spec}`);
}

/** Somebody who has an image open, until it is told to close it. */
export async function openImage(spec: string): Promise<{ close: () => Promise<void> }> {
  const child = spawn('rbd', ['--conf', cephConf(), 'watch', spec], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  await untilWatched(spec, true);
  return {
    async close() {
      // It ends with its input, and takes its watch along.
      child.stdin.end('\n');
      await ended(child);
      await untilWatched(spec, false);
    },
  };
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function untilWatched(spec: string, isWatched: boolean): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const { watchers } = JSON.parse(await rbd('status', spec, '--format', 'json')) as {
      watchers: readonly unknown[];
    };
    if (watchers.length > 0 === isWatched) return;
    await sleep(200);
  }
  throw new Error(`${spec} does not become ${isWatched ? 'watched' : 'free'}`);
}

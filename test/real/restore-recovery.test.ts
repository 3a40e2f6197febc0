/** A restore that is broken off, and a machine that is started on the disk before anybody deals with that. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import { readByte, run } from './file-images.ts';

const MiB = 2 ** 20;
const address = { instance: 'vm1', disk: 'disk' };

let directory: string;
let backend: Backend;
let path: string;
const messages: string[] = [];
beforeEach(async () => {
  directory = await mkdtemp(`${tmpdir()}/platter-test-`);
  messages.length = 0;
  const onEvent = (event: { type: string; message?: string }) => {
    if (event.type === 'warning') messages.push(String(event.message));
  };
  const host = nodeHost({ onEvent });
  backend = new Backend({ host, config: { instancesPath: `${directory}/instances` } });
  const image = backend.image({ id: 'vm1' }, 'disk');
  ({ path } = await image.createImage({ sizeBytes: 1024 * MiB }));
  await qemuWrites('write -P 1 0 1M', 'write -P 1 600M 1M');
  await image.createSnap('s');
  await qemuWrites('write -P 2 0 1M', 'write -P 2 600M 1M');
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function qemuWrites(...commands: string[]): Promise<void> {
  await run('qemu-io', ['-f', 'qcow2', ...commands.flatMap((command) => ['-c', command]), path]);
}

/** Runs the command with a qemu-img that kills it before or after it has brought the snapshot back. */
async function killedRestore(moment: 'before' | 'after'): Promise<void> {
  const real = (await run('which', ['qemu-img'])).stdout.trim();
  const kill = 'case "$*" in *" -a "*) kill -9 $PPID; exit 1;; esac';
  const lines = moment === 'before' ? [kill, `exec ${real} "$@"`] : [`${real} "$@"`, kill];
  await writeFile(`${directory}/qemu-img`, ['#!/bin/sh', ...lines, ''].join('\n'));
  await chmod(`${directory}/qemu-img`, 0o755);
  const args = ['--instances-path', `${directory}/instances`, 'snapshot', 'restore', 'vm1/disk@s'];
  const child = spawn('node', ['dist/cli/main.js', '--yes', ...args], {
    stdio: 'ignore',
    env: { ...process.env, PATH: `${directory}:${process.env['PATH'] ?? ''}` },
  });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}

test('is carried through where it had begun and nothing was written since', async () => {
  await killedRestore('after');
  expect(await backend.recover()).toHaveLength(1);
  expect(await readByte(path, 'qcow2', 600 * MiB)).toBe(1);
  expect(messages).toEqual([]);
});

test('is taken back where it had not begun', async () => {
  await killedRestore('before');
  await backend.recover();
  expect(await readByte(path, 'qcow2', 0)).toBe(2);
  expect(await readByte(path, 'qcow2', 600 * MiB)).toBe(2);
});

test.each(['before', 'after'] as const)(
  'keeps what was written since, killed %s',
  async (moment) => {
    await killedRestore(moment);
    await qemuWrites('write -P 7 0 1M', 'write -P 7 900M 1M');
    await backend.image({ id: 'vm1' }, 'disk').createSnap('later');
    expect(await readByte(path, 'qcow2', 0)).toBe(7);
    expect(await readByte(path, 'qcow2', 900 * MiB)).toBe(7);
    expect(await readByte(path, 'qcow2', 600 * MiB)).toBe(moment === 'after' ? 1 : 2);
    await run('qemu-img', ['check', '-q', '-f', 'qcow2', path]);
    const { snapshots } = await backend.show(address);
    expect(snapshots).toEqual(['s', 'later']);
  },
);

test('keeps nobody from deleting a disk that was damaged since', async () => {
  await killedRestore('before');
  await loseReferenceCounts();
  expect(await backend.recover()).toHaveLength(1);
  expect(messages).toEqual([expect.stringContaining('vm1/disk is damaged')]);
  await backend.image({ id: 'vm1' }, 'disk').destroy();
  await expect(stat(path)).rejects.toThrow('ENOENT');
});

async function loseReferenceCounts(): Promise<void> {
  const file = await open(path, 'r+');
  const pointer = async (at: number) =>
    Number((await file.read(Buffer.alloc(8), 0, 8, at)).buffer.readBigUInt64BE());
  const firstBlock = await pointer(await pointer(48));
  await file.write(Buffer.alloc(64), 0, 64, firstBlock);
  await file.close();
}

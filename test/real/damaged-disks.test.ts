/** Disks whose files are damaged: nothing can be read of them, and they can be deleted all the same. */
import { spawn, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { errorOf, platter } from './command.ts';
import { makeImage, run } from './file-images.ts';

let root: string;
let instances: string;
let disk: string;
const remove = (...args: string[]) =>
  platter(instances, ['image', 'delete', 'vm1/d', '--yes', '--json', ...args]);

beforeEach(async () => {
  root = mkdtempSync(`${tmpdir()}/platter-test-`);
  instances = `${root}/instances`;
  disk = `${instances}/vm1/d`;
  await makeImage(`${root}/t`, 'qcow2', 2 * 1024 * 1024);
  await platter(instances, ['template', 'add', 't', `${root}/t`]);
  await platter(instances, ['image', 'create', 'vm1/d', '--template', 't']);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function damage(path: string, position = 0): void {
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from('garbage!garbage!garbage!garbage!'), 0, 32, position);
  closeSync(file);
}

test.each([
  ['the header', () => damage(disk)],
  ['what only a tool finds in the header', () => damage(disk, 40)],
  ['all of it', () => truncateSync(disk)],
])('a disk that has lost %s goes', async (_, spoil) => {
  spoil();
  expect(await remove('--wipe', '--dry-run')).toMatchObject({ status: 0 });
  const result = await remove('--wipe');
  expect(result, result.stderr).toMatchObject({ status: 0 });
  expect(existsSync(`${instances}/vm1`)).toBe(false);
  const deleted = await platter(instances, ['template', 'delete', 't', '--yes']);
  expect(deleted).toMatchObject({ status: 0 });
});

test('of two that are damaged each goes', async () => {
  await platter(instances, ['image', 'create', 'vm1/e', '--template', 't']);
  damage(disk);
  damage(`${instances}/vm1/e`);
  expect(await remove()).toMatchObject({ status: 0 });
  expect(readdirSync(`${instances}/vm1`)).toContain('e');
});

test('one that others lean on, or that is open, stays', async () => {
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-b', disk, '-F', 'qcow2', `${disk}.ext`]);
  // What has it open as qcow2 has opened it before.
  const holder = await open(disk);
  damage(disk);
  try {
    expect(errorOf(await remove()).code).toBe('IN_USE');
    rmSync(`${disk}.ext`);
    expect(errorOf(await remove()).code).toBe('IN_USE');
  } finally {
    holder.kill('SIGKILL');
  }
  expect(existsSync(disk)).toBe(true);
});

/** As qemu does, with its locks. */
async function open(path: string): Promise<ChildProcess> {
  const child = spawn('qemu-io', ['-f', 'qcow2', path], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.stdin?.write('length\n');
  await Promise.race([new Promise((resolve) => child.stdout?.once('data', resolve)), delay(5000)]);
  await delay(200);
  return child;
}

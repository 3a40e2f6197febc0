/** A process that is killed at any moment leaves nothing that anybody takes for a disk. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import { templateByte } from '../contract/images.contract.ts';
import { leftoversIn, makeImage, readByte, run } from './file-images.ts';

const kills = Number(process.env['PLATTER_KILLS'] ?? 30);
const sizeBytes = 64 * 1024 * 1024;

let directory: string;
let instancesPath: string;
let backend: Backend;
beforeEach(async () => {
  directory = await mkdtemp(`${tmpdir()}/platter-test-`);
  instancesPath = `${directory}/instances`;
  backend = new Backend({ host: nodeHost(), config: { instancesPath } });
  await makeImage(`${directory}/template`, 'raw', 32 * 1024 * 1024);
  await backend.templates.add('t', `${directory}/template`);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

function command(...args: string[]) {
  return spawn('node', ['dist/cli/main.js', '--instances-path', instancesPath, ...args], {
    stdio: 'ignore',
  });
}

/** How long an undisturbed create takes here: kills are spread over it. */
async function usualMs(args: string[]): Promise<number> {
  const startedAt = performance.now();
  await once(command(...args), 'exit');
  return performance.now() - startedAt;
}

/** What is visible is whole: show and list agree with what qemu-img finds. */
async function requireWhole(type: string): Promise<boolean> {
  const images = await backend.list('vm1');
  if (images.length === 0) return false;
  const [image] = images;
  expect(image).toMatchObject({ disk: 'disk', backend: type, virtualSizeBytes: sizeBytes });
  const { path, format } = image ?? { path: '', format: '' };
  expect(await readByte(path, format, 0)).toBe(templateByte);
  if (format === 'qcow2') await run('qemu-img', ['check', '-q', '-f', 'qcow2', path]);
  const formats = JSON.parse(await readFile(`${instancesPath}/vm1/disk.info`, 'utf8')) as object;
  expect(formats).toEqual({ [path]: format });
  return true;
}

test.each(['qcow2', 'flat'])(`killed at ${kills} moments of making a %s disk`, async (type) => {
  const create = ['image', 'create', 'vm1/disk', '--template', 't', '--size', '64M'];
  const args = [...create, '--backend', type];
  const wholeMs = await usualMs(args);
  await backend.image({ id: 'vm1' }, 'disk', type).destroy();
  let survived = 0;
  for (let index = 0; index < kills; index += 1) {
    const child = command(...args);
    await sleep((wholeMs * (index + 0.5)) / kills);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    if (await requireWhole(type)) survived += 1;
    // The next one succeeds, whatever the killed one left.
    await backend.image({ id: 'vm1' }, 'disk', type).cache({ template: 't', sizeBytes });
    expect(await requireWhole(type)).toBe(true);
    await backend.image({ id: 'vm1' }, 'disk', type).destroy();
    expect(await backend.list()).toEqual([]);
  }
  expect(survived).toBeLessThan(kills);
  expect((await leftoversIn(instancesPath)).filter((path) => !path.endsWith('.lease'))).toEqual([]);
  // Leases of the dead do not keep a template.
  await backend.templates.delete('t');
});

test(`killed at ${kills} moments of adding a template`, async () => {
  const args = ['template', 'add', 'new', `${directory}/template`];
  const wholeMs = await usualMs(args);
  await backend.templates.delete('new');
  for (let index = 0; index < kills; index += 1) {
    const child = command(...args);
    await sleep((wholeMs * (index + 0.5)) / kills);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    const there = (await backend.templates.list()).find(({ name }) => name === 'new');
    if (there === undefined) await backend.templates.add('new', `${directory}/template`);
    await backend.templates.verify('new');
    await backend.templates.delete('new');
  }
  expect(await leftoversIn(instancesPath)).toEqual([]);
});

test('killed while it changes a qcow2 disk: finished or undone by the next operation', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'qcow2');
  await image.cache({ template: 't', sizeBytes });
  await image.createSnap('s');
  const restoreMs = await usualMs(['snapshot', 'restore', 'vm1/disk@s', '--yes']);
  for (let index = 0; index < kills; index += 1) {
    await writeFile(`${directory}/.keep`, '');
    const { path } = await image.info();
    await run('qemu-io', ['-f', 'qcow2', '-c', 'write -P 0x22 2M 64k', path]);
    const child = command('snapshot', 'restore', 'vm1/disk@s', '--yes');
    await sleep((restoreMs * (index + 0.5)) / kills);
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    // An orphan may still be at work; it is waited for by whoever comes next.
    for (;;) {
      const failure = await image.createSnap(`n${index}`).catch((error: unknown) => error);
      if (!(failure instanceof Error)) break;
      expect(['LOCKED', 'IN_USE']).toContain((failure as { code?: unknown }).code);
      await sleep(50);
    }
    const byte = await readByte(path, 'qcow2', 2 * 1024 * 1024);
    expect([0, 0x22]).toContain(byte);
    await run('qemu-img', ['check', '-q', '-f', 'qcow2', path]);
    await image.removeSnap(`n${index}`);
  }
  expect(await leftoversIn(instancesPath)).toEqual([]);
});

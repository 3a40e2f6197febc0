/** Processes that are killed: what they left is finished or undone by whoever comes next. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import type { Image } from '../../src/images/image.ts';
import { templateByte } from '../contract/images.contract.ts';
import { group, halfMade, lvmWorld, MiB, names, run, thick, thin, type LvmWorld } from './lab.ts';

let world: LvmWorld;
let backend: Backend;
let image: Image;
async function begin(config: typeof thin): Promise<void> {
  world = await lvmWorld(config)();
  backend = new Backend({ host: world.host, config: world.config });
  image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  await world.makeTemplate(`${world.directory}/t.raw`, 'raw', 8 * MiB);
  await backend.templates.add('t', `${world.directory}/t.raw`);
}
beforeEach(() => {
  expect(process.env['PLATTER_LAB']).toBe('lvm');
});
afterEach(async () => {
  expect((await world.leftovers()).filter((path) => !path.endsWith('.lease'))).toEqual([]);
  await world.dispose();
});

const program = `${import.meta.dirname}/programs/killed.mjs`;

/** Killed after so many ms of its Nth tool; what the tool goes on doing is waited for. */
async function killed(operation: string, count: number, afterMs: number): Promise<void> {
  const { instancesPath, lvm } = world.config;
  const args = [String(instancesPath), JSON.stringify(lvm), operation, `${count}`, `${afterMs}`];
  const child = spawn('node', [program, ...args], { stdio: 'ignore' });
  await once(child, 'exit');
  while (await isAtWork()) await setTimeout(200);
}

/** Whether a tool runs that names the group, or a file of this test: the other worker's have others. */
async function isAtWork(): Promise<boolean> {
  try {
    await run('pgrep', '-f', `${world.directory}|/dev/${group}/`);
    return true;
  } catch (error) {
    // It says 1 of nothing found; else it did not look.
    expect(error).toMatchObject({ code: 1 });
    return false;
  }
}

const byteAt = async (position: number) => world.read((await image.info()).path, 'raw', position);

test('making a disk: whole or not there', async () => {
  await begin(thin);
  await backend.image({ id: 'vm0' }, 'disk', 'lvm').cache({ template: 't' });
  for (const [count, afterMs] of [
    [2, 700],
    [3, 0],
  ] as const) {
    await killed('create', count, afterMs);
    await backend.recover();
    expect(await halfMade()).toEqual([]);
    await image.cache({ template: 't', sizeBytes: 12 * MiB });
    expect(await image.getDiskSize()).toBe(12 * MiB);
    expect(await byteAt(0)).toBe(templateByte);
    await image.destroy();
  }
});

test('restoring, growing and removing a thin disk: the one or the other', async () => {
  await begin(thin);
  await image.createImage({ template: 't' });
  await image.createSnap('s');
  for (const afterMs of [800, 1600]) {
    await world.write(image, 2 * MiB, 0x22);
    await killed('restore', 3, afterMs);
    await backend.recover();
    expect([0, 0x22]).toContain(await byteAt(2 * MiB));
    expect((await image.listSnaps()).map(({ name }) => name)).toEqual(['s']);
    expect(await halfMade()).toEqual([]);
  }
  await killed('resize', 3, 200);
  await backend.recover();
  expect([8 * MiB, 20 * MiB]).toContain(await image.getDiskSize());
  await killed('destroy', 3, 800);
  await backend.recover();
  if (await image.exists()) await image.destroy();
  expect((await names()).filter((name) => /^vm1|snapshot/.test(name))).toEqual([]);
});

test('copying, restoring and clearing a thick disk', async () => {
  await begin(thick);
  await killed('create', 4, 100);
  await backend.recover();
  await image.cache({ template: 't', sizeBytes: 12 * MiB });
  expect(await byteAt(0)).toBe(templateByte);
  await image.createSnap('s');
  await world.write(image, 2 * MiB, 0x22);
  await killed('restore', 4, 100);
  await backend.recover();
  expect(await byteAt(2 * MiB)).toBe(0);
  await killed('destroy', 7, 0);
  await backend.recover();
  if (await image.exists()) await image.destroy();
  expect(await names()).toEqual([]);
});

/** Killed at any moment, also together with its tools: what appears is whole, and the next operation clears up. */
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import { templateByte } from '../contract/images.contract.ts';
import { codeOf } from '../contract/world.ts';
import { hostFile, platter, start, type HostFile } from './programs.ts';
import {
  byteAt,
  draftsIn,
  ended,
  MiB,
  namesIn,
  rbdWorld,
  write,
  type RbdWorld,
} from './rbd-world.ts';

const sizeBytes = 24 * MiB;
const moments = [0.3, 0.5, 0.65, 0.8, 0.9];

let world: RbdWorld;
let host: HostFile;
let backend: Backend;
beforeAll(async () => {
  world = await rbdWorld();
  host = await hostFile(world.directory, 'a', { pool: world.pool, templatePool: world.pool });
  const { instancesPath } = host;
  backend = new Backend({ host: world.host, config: { ...world.config, instancesPath } });
  await world.makeTemplate(`${world.directory}/t.raw`, 'raw', 16 * MiB);
  await backend.templates.add('t', `${world.directory}/t.raw`);
});
afterAll(async () => {
  expect(await draftsIn(world.pool)).toEqual([]);
  await world.dispose();
});

const imageOf = (id: string) => backend.image({ id }, 'disk', 'rbd');

/** How long the command takes undisturbed. */
async function usualMs(...args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const done = await platter(host, ...args);
  expect(done, done.stderr).toMatchObject({ status: 0 });
  return performance.now() - startedAt;
}

/** Kills the command after a part of its time; with `tools` also the rbd that it has started. */
async function kill(args: readonly string[], afterMs: number, { tools }: { tools: boolean }) {
  const child = start(host, ...args);
  await sleep(afterMs);
  const children = tools ? childrenOf(child.pid) : [];
  child.kill('SIGKILL');
  for (const pid of children) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  await ended(child);
}

function childrenOf(pid: number | undefined): readonly number[] {
  try {
    const text = execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' });
    return text.trim().split('\n').map(Number);
  } catch {
    return [];
  }
}

/** What has its name is whole, by its size and by its content. */
async function requireWholeOrAbsent(id: string): Promise<void> {
  if (!(await namesIn(world.pool)).includes(`${id}_disk`)) return;
  expect(await imageOf(id).getDiskSize()).toBe(sizeBytes);
  expect(await byteAt(`${world.pool}/${id}_disk`, 0)).toBe(templateByte);
}

test.each([{ tools: false }, { tools: true }])(
  'making a disk, its tools killed too: $tools',
  async ({ tools }) => {
    const make = (id: string) => [
      ...['image', 'create', `${id}/disk`, '--template', 't', '--size', '24M', '--backend', 'rbd'],
    ];
    const warmMs =
      (await usualMs(...make(`first${tools}`)), await usualMs(...make(`usual${tools}`)));
    for (const [index, moment] of moments.entries()) {
      // One tool killed holds its image for as long as the cluster remembers it: a few moments tell enough.
      if (tools && index % 2 === 0) continue;
      const id = `vm${index}${tools}`;
      await kill(make(id), warmMs * moment, { tools });
      await requireWholeOrAbsent(id);
      await imageOf(id).cache({ template: 't', sizeBytes });
      await requireWholeOrAbsent(id);
      expect(await imageOf(id).info()).toMatchObject({
        template: 't',
        virtualSizeBytes: sizeBytes,
      });
    }
    const drafts = await draftsIn(world.pool);
    expect(drafts).toEqual([]);
  },
);

test('importing a template: no half of it is ever taken for it', async () => {
  await world.makeTemplate(`${world.directory}/cold.raw`, 'raw', 16 * MiB);
  for (const [index, moment] of [600, 800, 1000, 1200].entries()) {
    const name = `cold${index}`;
    await backend.templates.add(name, `${world.directory}/cold.raw`);
    const args = ['image', 'create', `${name}/disk`, '--template', name, '--backend', 'rbd'];
    await kill(args, moment, { tools: false });
    await imageOf(name).cache({ template: name });
    expect(await byteAt(`${world.pool}/${name}_disk`, 0)).toBe(templateByte);
    const bases = (await namesIn(world.pool)).filter((base) => base.startsWith(`_base.${name}.`));
    expect(bases).toHaveLength(1);
    expect(await draftsIn(world.pool)).toEqual([]);
  }
});

test('restoring and deleting: carried through, or as if never begun', async () => {
  const usual = imageOf('usual');
  await usual.createImage({ template: 't' });
  await usual.createSnap('s');
  const restoreMs = await usualMs('snapshot', 'restore', 'usual/disk@s', '--yes');
  const deleteMs = await usualMs('image', 'delete', 'usual/disk', '--yes');
  for (const [index, moment] of [0.6, 0.85].entries()) {
    const id = `change${index}`;
    const image = imageOf(id);
    await image.createImage({ template: 't' });
    await image.createSnap('s');
    await write(`${world.pool}/${id}_disk`, MiB, 0x22);
    await kill(['snapshot', 'restore', `${id}/disk@s`, '--yes'], restoreMs * moment, {
      tools: false,
    });
    await image.createSnap('next');
    expect([0, 0x22]).toContain(await byteAt(`${world.pool}/${id}_disk`, MiB));
    expect((await image.info()).snapshots).toEqual(['s', 'next']);

    await kill(['image', 'delete', `${id}/disk`, '--yes'], deleteMs * moment, { tools: false });
    const recovered = await platter(host, 'recover', '--json');
    expect(recovered, recovered.stderr).toMatchObject({ status: 0 });
    expect(await draftsIn(world.pool)).toEqual([]);
    if (await image.exists()) {
      expect((await image.info()).snapshots).toEqual(['s', 'next']);
      await image.destroy();
    }
    expect(await codeOf(image.info())).toBe('NOT_FOUND');
    expect((await namesIn(world.pool)).filter((name) => name.includes(id))).toEqual([]);
  }
});

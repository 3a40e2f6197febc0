/** What an NFS client makes of names that another one has changed: as recorded of the kernel's (fixtures/nfs-6.1). */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Filesystem } from '../../src/ports/filesystem.ts';
import { hostOf } from '../../sim/host.ts';
import { runShard } from '../../sim/soak/shard.ts';
import { worldDefaults } from '../../sim/sim-host.ts';
import { World } from '../../sim/world.ts';

interface Recording {
  readonly name: string;
  readonly argv: readonly string[];
  readonly exitCode: number;
  readonly stdout: string;
  /** What the other client has done. */
  readonly note: string;
}

const directory = '/vm';

function clients(cachesNames: boolean) {
  const world = new World({ ...worldDefaults, machines: 2, isShared: true, cachesNames });
  world.gate.runFreely();
  const [a, b] = world.machines.map((machine) => {
    const { filesystem, clock } = hostOf(world, world.spawn(machine, 'client'));
    return { filesystem, clock };
  });
  if (a === undefined || b === undefined) throw new Error('there are two machines');
  return { a, b };
}

/** As scripts/record/nfs.sh does before each. */
async function prepare(a: Filesystem, b: Filesystem): Promise<void> {
  await a.makeDirectory(directory);
  await a.makeDirectory(`${directory}/work`);
  await a.createText(`${directory}/work/disk`, 'disk\n');
  for (const listed of [directory, `${directory}/work`]) await a.readDirectory(listed);
  await a.stat(`${directory}/work/disk`);
  await a.stat(`${directory}/new`).catch(() => {});
  await b.stat(`${directory}/work`);
}

const changes: Readonly<Record<string, (b: Filesystem) => Promise<void>>> = {
  'mv work taken': (b) => b.rename(`${directory}/work`, `${directory}/taken`),
  'rm -r work': (b) => b.removeTree(`${directory}/work`),
  'mkdir new': (b) => b.makeDirectory(`${directory}/new`),
};

const commands: Readonly<
  Record<string, (a: Filesystem, path: string, target: string) => Promise<string>>
> = {
  stat: async (a, path) => `${(await a.stat(path)).kind}\n`,
  ls: async (a, path) => (await a.readDirectory(path)).map(({ name }) => `${name}\n`).join(''),
  ln: (a, path, target) => a.link(path, target).then(() => ''),
  mkdir: (a, path) => a.makeDirectory(path).then(() => ''),
  rm: (a, path) => a.unlink(path).then(() => ''),
  mv: (a, path, target) => a.rename(path, target).then(() => ''),
};

describe.each([
  ['names-cached', true],
  ['names-not-cached', false],
  ['attributes-not-cached', false],
])('%s', (topic, cachesNames) => {
  const file = new URL(`../../fixtures/nfs-6.1/${topic}.json`, import.meta.url);
  const recordings = JSON.parse(readFileSync(file, 'utf8')) as readonly Recording[];
  const afterChanges = recordings.filter(({ note }) => note in changes);

  test('there is something to compare', () => expect(afterChanges.length).toBe(11));

  test.each(afterChanges)('$name', async ({ argv, exitCode, stdout, note }) => {
    const { a, b } = clients(cachesNames);
    await prepare(a.filesystem, b.filesystem);
    await changes[note]?.(b.filesystem);
    const [command = '', ...args] = argv;
    const [path = '', target = ''] = args
      .filter((arg) => arg.startsWith('/mnt/a/'))
      .map((arg) => arg.replace(/^\/mnt\/a\/vm\d+/, directory));
    const done = commands[command]?.(a.filesystem, path, target);
    const told = await done?.then(
      (printed) => ({ isDone: true, printed }),
      () => ({ isDone: false, printed: '' }),
    );
    expect(told).toEqual({ isDone: exitCode === 0, printed: stdout });
  });
});

test('what is known of a name is forgotten after a while', async () => {
  const { a, b } = clients(true);
  await prepare(a.filesystem, b.filesystem);
  await b.filesystem.rename(`${directory}/work`, `${directory}/taken`);
  await a.filesystem.stat(`${directory}/work`);
  await a.clock.sleep(31_000);
  await expect(a.filesystem.stat(`${directory}/work`)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('attributes of a file are old ones for a moment, but not of one that is opened', async () => {
  const { a, b } = clients(true);
  const path = '/file';
  await a.filesystem.createText(path, 'x');
  const size = async () => (await a.filesystem.stat(path)).sizeBytes;
  expect(await size()).toBe(1);
  await b.filesystem.truncate(path, 5);
  expect(await size()).toBe(1);
  const opened = await a.filesystem.openRead(path);
  expect(opened.stat.sizeBytes).toBe(5);
  opened.close();
  expect(await size()).toBe(5);
});

test('nobody promises to survive that', async () => {
  const { failures } = await runShard({
    backend: 'qcow2',
    profile: 'cached-names',
    seed: 1,
    scenarios: 1000,
    stopsAtFailure: true,
    repeatsOneIn: 0,
  });
  expect(failures.length).toBe(1);
});

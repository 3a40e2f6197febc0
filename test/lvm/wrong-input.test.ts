/** The command with configuration alone, and what it says to what cannot be. */
import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { errorOf, platter } from '../real/command.ts';
import { group, lvmWorld, MiB, names, pool, run, shell, thin, type LvmWorld } from './lab.ts';

let world: LvmWorld;
let instancesPath: string;
beforeEach(async () => {
  world = await lvmWorld(thin)();
  instancesPath = String(world.config.instancesPath);
});
afterEach(async () => {
  expect(await world.leftovers()).toEqual([]);
  await world.dispose();
});

let configs = 0;

async function withConfig(text: string, ...args: string[]) {
  configs += 1;
  const path = `${world.directory}/config${configs}.toml`;
  await writeFile(path, `${text}\n`);
  return platter(instancesPath, ['--config', path, '--json', ...args]);
}

const lvm = (text: string) =>
  `default_image_type = "lvm"\n[lvm]\nvolume_group = "${group}"\n${text}`;

test('the command makes, shows and removes a disk', async () => {
  const config = lvm(`thin_pool = "${pool}"`);
  const made = await withConfig(config, 'image', 'create', 'vm1/disk', '--size', '5M');
  expect(made.status).toBe(0);
  expect(JSON.parse(made.stdout)).toMatchObject({
    backend: 'lvm',
    path: `/dev/${group}/vm1_disk`,
    virtualSizeBytes: 8 * MiB,
    storage: { thinPool: { name: pool, metadataPercent: expect.any(Number) as number } },
  });
  const planned = await withConfig(config, 'image', 'delete', 'vm1/disk', '--dry-run');
  expect(planned.status).toBe(0);
  const removed = await withConfig(config, 'image', 'delete', 'vm1/disk', '--yes');
  expect(removed.status).toBe(0);
  expect(await names()).toEqual([]);
});

test('what cannot be is told by a code and an exit status, and nothing is made', async () => {
  await run('lvcreate', '-q', '-y', '-L', '4M', '-n', 'vm9_disk', group);
  await run('lvcreate', '-q', '-y', '--type', 'thin-pool', '-L', '4M', '-n', 'tiny', group);
  await shell(`head -c 16M /dev/urandom > ${world.directory}/random.raw`);
  const file = `${world.directory}/random.raw`;
  const create = ['image', 'create', 'vm1/disk', '--size', '8M'];
  const encrypted = `${lvm('')}\n[encryption]\nenabled = true\nkey_directory = "${world.directory}"`;
  const cases: readonly [string, string, number, readonly string[]][] = [
    ['default_image_type = "lvm"', 'CONFIG_INVALID', 2, create],
    ['[lvm]\nvolume_group = "nope"', 'NOT_FOUND', 3, [...create, '--backend', 'lvm']],
    [lvm('thin_pool = "nope"'), 'NOT_FOUND', 3, create],
    [lvm(''), 'ALREADY_EXISTS', 4, ['image', 'create', 'vm9/disk', '--size', '8M']],
    [lvm(''), 'INVALID_ARGUMENT', 2, ['image', 'create', 'vm1_tdata/disk', '--size', '8M']],
    [lvm(''), 'NO_SPACE', 1, ['image', 'create', 'vm1/disk', '--size', '1T']],
    [encrypted, 'NOT_FOUND', 3, create],
  ];
  const check = async ([config, code, status, args]: (typeof cases)[number]) => {
    const result = await withConfig(config, ...args);
    expect([result.status, errorOf(result).code, args]).toEqual([status, code, args]);
    expect(errorOf(result).hint).toBeTruthy();
  };
  await Promise.all(cases.map(check));
  const add = ['template', 'add', 'random', file];
  expect((await withConfig(lvm(''), ...add)).status).toBe(0);
  const full = await withConfig(
    lvm('thin_pool = "tiny"'),
    ...['image', 'create', 'vm1/disk', '--template', 'random'],
  );
  expect([full.status, errorOf(full).code]).toEqual([1, 'NO_SPACE']);
  expect(full.stderr).toContain('dataPercent');
  expect([...(await names())].sort()).toEqual(['tiny', 'vm9_disk']);
});

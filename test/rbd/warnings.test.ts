/** A host where rbd says at every run that it cannot make its admin socket, for a reason that is not that of the command. */
import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorOf, hostFile, platter, type HostFile } from './programs.ts';
import { cephConf, draftsIn, MiB, namesIn, rbdWorld, type RbdWorld } from './rbd-world.ts';

let world: RbdWorld;
beforeAll(async () => {
  world = await rbdWorld();
  await world.makeTemplate(`${world.directory}/t.raw`, 'raw', 8 * MiB);
});
afterAll(() => world.dispose());

async function warningHost(name: string, socket: string): Promise<HostFile> {
  const conf = `${world.directory}/${name}.conf`;
  const text = await readFile(cephConf(), 'utf8');
  await writeFile(conf, text.replace(/\nadmin_socket =\n/, `\nadmin_socket = ${socket}\n`));
  const host = await hostFile(world.directory, name, { pool: world.pool, cephConf: conf });
  const added = await platter(host, 'template', 'add', name, `${world.directory}/t.raw`);
  expect(added, added.stderr).toMatchObject({ status: 0 });
  return host;
}

test.each([
  ['absent', '/nowhere/platter.asok'],
  ['denied', '/sys/platter.asok'],
])('its reason is not taken for the one of the command: %s', async (name, socket) => {
  const host = await warningHost(name, socket);
  const disk = `${name}/disk`;
  for (const args of [
    ['image', 'create', disk, '--backend', 'rbd', '--template', name, '--size', '16M'],
    ['snapshot', 'create', `${disk}@s`],
    ['snapshot', 'restore', `${disk}@s`, '--yes'],
    ['image', 'resize', disk, '--size', '32M'],
    ['image', 'flatten', disk],
  ]) {
    const done = await platter(host, ...args);
    expect(done, `${args.join(' ')}: ${done.stderr}`).toMatchObject({ status: 0 });
  }
  const twice = await platter(host, 'snapshot', 'create', `${disk}@s`, '--json');
  expect(errorOf(twice).code).toBe('ALREADY_EXISTS');
  const absent = await platter(host, 'image', 'show', 'nobody/disk', '--json');
  expect(errorOf(absent).code).toBe('NOT_FOUND');
  const removed = await platter(host, 'image', 'delete', disk, '--yes');
  expect(removed, removed.stderr).toMatchObject({ status: 0 });
  const last = await platter(host, 'template', 'delete', name, '--yes');
  expect(last, last.stderr).toMatchObject({ status: 0 });
  expect(await namesIn(world.pool)).toEqual([]);
  expect(await draftsIn(world.pool)).toEqual([]);
});

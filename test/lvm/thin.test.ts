/** Disks in a thin pool: how many processes they take, whose volumes are used, and who wins. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nodeHost } from '../../src/adapters/node-host.ts';
import { Backend } from '../../src/images/backend.ts';
import { codeOf } from '../contract/world.ts';
import { templateByte } from '../contract/images.contract.ts';
import { group, lvmWorld, MiB, names, pool, run, thin, volumes, type LvmWorld } from './lab.ts';

let world: LvmWorld;
let backend: Backend;
beforeEach(async () => {
  world = await lvmWorld(thin)();
  backend = new Backend({ host: world.host, config: world.config });
  await world.makeTemplate(`${world.directory}/t.raw`, 'raw', 8 * MiB);
  await backend.templates.add('t', `${world.directory}/t.raw`);
});
afterEach(async () => {
  expect(await world.leftovers()).toEqual([]);
  await world.dispose();
});

const tools = () => world.commands().map((line) => line.split(' ')[0]);

/** A template of a content that no other test has. */
async function addCold(name: string): Promise<void> {
  const path = `${world.directory}/${name}.raw`;
  await world.makeTemplate(path, 'raw', 8 * MiB);
  await run('qemu-io', '-f', 'raw', '-c', `write -P ${Date.now() % 251} 4M 64k`, path);
  await run('qemu-io', '-f', 'raw', '-c', `write -P ${process.pid % 251} 5M 64k`, path);
  await backend.templates.add(name, path);
}

test('two processes for a disk of the size of its template, three for a larger one', async () => {
  await backend.image({ id: 'vm0' }, 'disk', 'lvm').cache({ template: 't' });
  world.commands();
  const same = await backend.image({ id: 'vm1' }, 'disk_a', 'lvm').createImage({ template: 't' });
  expect(tools()).toEqual(['lvs', 'lvm']);
  const sizeBytes = 20 * MiB - 1;
  const larger = await backend
    .image({ id: 'vm2' }, 'disk', 'lvm')
    .createImage({ template: 't', sizeBytes });
  expect(tools()).toEqual(['lvs', 'lvm', 'lvm']);
  expect(same).toMatchObject({
    path: `/dev/${group}/vm1_disk__a`,
    virtualSizeBytes: 8 * MiB,
    format: 'raw',
    template: 't',
    method: 'thin snapshot',
    backing: null,
    storage: { volumeGroup: group, thinPool: { name: pool, health: 'ok' } },
  });
  expect(larger.virtualSizeBytes).toBe(20 * MiB);
  // What is told without another look is what another look tells.
  expect(await backend.image({ id: 'vm2' }, 'disk', 'lvm').info()).toEqual(larger);
  expect(await world.read(larger.path, 'raw', 0)).toBe(templateByte);
  expect(await world.read(larger.path, 'raw', 19 * MiB)).toBe(0);
  const template = (await volumes()).find(({ name }) => name.startsWith('platter-template-'));
  expect(template?.attr).toMatch(/^Vri---tz/);
});

test('eight hosts, one cold template: it is imported once', async () => {
  await addCold('cold');
  const before = (await volumes()).length;
  let imports = 0;
  await Promise.all(
    Array.from({ length: 8 }, (_, index) => {
      const host = nodeHost({
        onEvent: (event) => {
          if (event.type === 'command' && event.argv.includes('convert')) imports += 1;
        },
      });
      const other = new Backend({ host, config: world.config });
      return other
        .image({ id: `vm${index}` }, 'disk', 'lvm')
        .cache({ template: 'cold', sizeBytes: 12 * MiB });
    }),
  );
  expect(imports).toBe(1);
  expect((await volumes()).length).toBe(before + 9);
  const images = await backend.list();
  expect(images.map(({ virtualSizeBytes }) => virtualSizeBytes)).toEqual(Array(8).fill(12 * MiB));
});

test('volumes of others are neither used nor touched', async () => {
  await run('lvcreate', '-q', '-y', '-L', '4M', '-n', 'vm1_disk', group);
  await run('qemu-io', '-f', 'raw', '-c', 'write -P 7 0 1M', `/dev/${group}/vm1_disk`);
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  expect(await codeOf(image.createImage({ template: 't' }))).toBe('ALREADY_EXISTS');
  expect(await codeOf(image.cache({ template: 't', sizeBytes: 8 * MiB }))).toBe('ALREADY_EXISTS');
  expect(await codeOf(image.createImage({ sizeBytes: 8 * MiB }))).toBe('ALREADY_EXISTS');
  expect(await codeOf(image.destroy())).toBe('NOT_FOUND');
  expect(await codeOf(image.resizeImage(8 * MiB))).toBe('NOT_FOUND');
  expect(await backend.list()).toEqual([]);
  expect(await world.read(`/dev/${group}/vm1_disk`, 'raw', 0)).toBe(7);
  expect((await volumes()).find(({ name }) => name === 'vm1_disk')).toMatchObject({
    sizeBytes: 4 * MiB,
    tags: '',
  });

  await addCold('taken');
  const { sha256 } = await backend.templates.show('taken');
  const name = `platter-template-${sha256?.slice(0, 16)}-${pool}`;
  await run('lvcreate', '-q', '-y', '-V', '8M', '--thinpool', pool, '-n', name, group);
  const other = backend.image({ id: 'vm2' }, 'disk', 'lvm');
  expect(await codeOf(other.createImage({ template: 'taken' }))).toBe('ALREADY_EXISTS');
  await run('lvremove', '-q', '-f', `${group}/${name}`);
  expect(await names()).toEqual(['vm1_disk']);
});

test('snapshots of a disk that was removed by hand are kept, and are not those of the next disk', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  await image.createImage({ template: 't' });
  await image.createSnap('s');
  await run('lvremove', '-q', '-f', `${group}/vm1_disk`);
  const kept = (await names()).filter((name) => name.startsWith('platter-snapshot-'));
  expect(kept).toHaveLength(1);
  await expect(image.createImage({ template: 't' })).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
    details: { volumes: [`${group}/${kept[0]}`] },
    hint: expect.stringContaining(`lvremove ${group}/${kept[0]}`),
  });
  expect(await names()).toEqual(kept);
  await run('lvremove', '-q', '-f', `${group}/${kept[0]}`);
  await image.createImage({ template: 't' });
  expect((await image.info()).snapshots).toEqual([]);
  await image.destroy();
});

test('a disk that is in use is neither restored nor removed', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  const { path } = await image.createImage({ template: 't' });
  await image.createSnap('s');
  const guest = await world.host.filesystem.openRead(await deviceOf(path));
  expect(await codeOf(image.rollbackToSnap('s'))).toBe('IN_USE');
  expect(await codeOf(image.destroy())).toBe('IN_USE');
  // What does not disturb a guest is allowed.
  await image.resizeImage(12 * MiB);
  await image.createSnap('live');
  guest.close();
  await image.destroy();
  expect(await names()).toEqual([]);
});

async function deviceOf(path: string): Promise<string> {
  return (await run('realpath', path)).trim();
}

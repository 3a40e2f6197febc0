/** What is in use stays, and what is somebody else's is never touched. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import { PlatterError } from '../../src/errors.ts';
import { codeOf } from '../contract/world.ts';
import {
  byteAt,
  MiB,
  namesIn,
  openImage,
  rbd,
  rbdWorld,
  write,
  type RbdWorld,
} from './rbd-world.ts';

let world: RbdWorld;
let backend: Backend;
beforeAll(async () => {
  world = await rbdWorld();
  backend = new Backend({ host: world.host, config: world.config });
  await world.makeTemplate(`${world.directory}/t.raw`, 'raw', 8 * MiB);
  await backend.templates.add('t', `${world.directory}/t.raw`);
});
afterAll(async () => {
  expect(await world.leftovers()).toEqual([]);
  await world.dispose();
});

const at = (name: string) => `${world.pool}/${name}`;
const imageOf = (id: string) => backend.image({ id }, 'disk', 'rbd');

test('an image that a client has open is not removed, restored or copied, but grows', async () => {
  const image = imageOf('open');
  await image.createImage({ template: 't' });
  await image.createSnap('s');
  await write(at('open_disk'), MiB, 0x22);
  const client = await openImage(at('open_disk'));
  expect(await codeOf(image.destroy())).toBe('IN_USE');
  expect(await codeOf(image.rollbackToSnap('s'))).toBe('IN_USE');
  expect(await codeOf(image.snapshotExtract(`${world.directory}/out`, 'raw'))).toBe('IN_USE');
  await image.resizeImage(12 * MiB);
  await image.createSnap('live');
  await image.snapshotExtract(`${world.directory}/s`, 'raw', { snapshot: 's' });
  expect((await image.info()).snapshots).toEqual(['s', 'live']);
  expect(await byteAt(at('open_disk'), MiB)).toBe(0x22);
  await client.close();
  await image.rollbackToSnap('s');
  expect(await image.getDiskSize()).toBe(8 * MiB);
  await image.destroy();
  expect(await image.exists()).toBe(false);
});

test('neither an image nor its snapshot goes while a clone leans on it', async () => {
  const image = imageOf('parent');
  await image.createImage({ template: 't' });
  await image.createSnap('s');
  const clone = imageOf('child');
  await clone.createImage({ snapshot: 'parent/disk@s' });
  expect(await codeOf(image.removeSnap('s'))).toBe('IN_USE');
  expect(await codeOf(image.destroy())).toBe('IN_USE');
  const error: unknown = await image.destroy().catch((reason: unknown) => reason);
  expect(PlatterError.is(error) && error.details['usedBy']).toEqual([at('child_disk')]);
  expect((await image.info()).snapshots).toEqual(['s']);
  await clone.flatten();
  await image.removeSnap('s');
  await image.destroy();
  expect(await clone.getDiskSize()).toBe(8 * MiB);
  await clone.destroy();
});

test('an image of somebody else keeps its name and its content', async () => {
  await rbd('create', at('foreign_disk'), '--size', '4M');
  await write(at('foreign_disk'), MiB, 0x33);
  const image = imageOf('foreign');
  for (const request of [
    { template: 't' },
    { sizeBytes: MiB },
    { file: `${world.directory}/t.raw` },
    { template: 't', sizeBytes: 20 * MiB },
  ]) {
    expect(await codeOf(image.createImage(request))).toBe('ALREADY_EXISTS');
  }
  expect(await byteAt(at('foreign_disk'), MiB)).toBe(0x33);
  // Nova's disks are images as well: they are shown, and cache() leaves them as they are but for their size.
  expect(await image.info()).toMatchObject({ virtualSizeBytes: 4 * MiB, template: null });
  await image.cache({ template: 't' });
  expect(await image.getDiskSize()).toBe(4 * MiB);
  await image.cache({ template: 't', sizeBytes: 16 * MiB });
  expect(await image.getDiskSize()).toBe(16 * MiB);
  expect(await byteAt(at('foreign_disk'), MiB)).toBe(0x33);
});

test('a template stays while images lean on its copy in the cluster, and takes that along', async () => {
  await backend.templates.add('used', `${world.directory}/t.raw`);
  const image = imageOf('user');
  await image.createImage({ template: 'used' });
  expect((await backend.templates.show('used')).usedBy).toEqual(['user/disk']);
  expect(await codeOf(backend.templates.delete('used'))).toBe('IN_USE');
  const copies = async () =>
    (await namesIn(world.pool)).filter((name) => name.startsWith('_base.used.'));
  expect(await copies()).toHaveLength(1);
  await image.flatten();
  await backend.templates.delete('used');
  expect(await copies()).toEqual([]);
  expect(await image.getDiskSize()).toBe(8 * MiB);
  await image.destroy();
});

test('audit tells of what is half made, and leaves it as it is', async () => {
  const draft = at('_part.vm7_disk.0123456789abcdef');
  await rbd('create', draft, '--size', '1M');
  const strays = await backend.audit();
  expect(strays.map(({ kind, path }) => [kind, path])).toContainEqual(['half-made-volume', draft]);
  await rbd('rm', '--no-progress', draft);
});

test('names are exact: neighbours and what platter keeps besides are no disks', async () => {
  for (const name of [
    'vm1_disk',
    'vm1_disk.local',
    'vm10_disk',
    'vm1',
    'debian',
    '_part.vm1_disk.x',
  ]) {
    await rbd('create', at(name), '--size', '1M');
  }
  await imageOf('vm1').destroy();
  const left = await namesIn(world.pool);
  for (const name of ['vm1_disk.local', 'vm10_disk', 'vm1', 'debian', '_part.vm1_disk.x']) {
    expect(left).toContain(name);
  }
  const listed = (await backend.list()).map(({ instance, disk }) => `${instance}/${disk}`);
  expect(listed).toEqual(expect.arrayContaining(['vm1/disk.local', 'vm10/disk']));
  expect(listed.filter((name) => /part|debian|_base|^vm1\/disk$/.test(name))).toEqual([]);
  await rbd('rm', '--no-progress', at('_part.vm1_disk.x'));
});

test('two addresses with one name in the cluster are not one image', async () => {
  const image = backend.image({ id: 'a_b' }, 'c', 'rbd');
  await image.createImage({ sizeBytes: MiB });
  const other = backend.image({ id: 'a' }, 'b_c', 'rbd');
  expect(await other.exists()).toBe(false);
  expect(await codeOf(other.destroy())).toBe('NOT_FOUND');
  expect(await codeOf(other.createImage({ sizeBytes: 2 * MiB }))).toBe('ALREADY_EXISTS');
  expect(await image.getDiskSize()).toBe(MiB);
  await image.destroy();
});

test('a template that somebody else put under its name is not taken for it', async () => {
  await backend.templates.add('odd', `${world.directory}/t.raw`);
  const { sha256 } = await backend.templates.show('odd');
  const base = at(`_base.odd.${String(sha256).slice(0, 16)}`);
  await rbd('create', base, '--size', '8M');
  expect(await codeOf(imageOf('odd').createImage({ template: 'odd' }))).toBe('ALREADY_EXISTS');
  await rbd('snap', 'ls', base);
  await rbd('rename', base, at('theirs'));
  await imageOf('odd').createImage({ template: 'odd' });
});

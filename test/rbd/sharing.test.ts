/** What images have to do with an image service in the same cluster. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PlatterError } from '../../src/errors.ts';
import { Backend } from '../../src/images/backend.ts';
import type { ImageMetadata } from '../../src/ports/image-api.ts';
import { templateByte } from '../contract/images.contract.ts';
import { codeOf } from '../contract/world.ts';
import { byteAt, MiB, namesIn, rados, rbd, rbdWorld, write, type RbdWorld } from './rbd-world.ts';

let world: RbdWorld;
let backend: Backend;
let fsid: string;
const known = new Map<string, ImageMetadata>();

beforeAll(async () => {
  world = await rbdWorld();
  const imageApi = {
    get: async (id: string) => {
      const image = known.get(id);
      if (image !== undefined) return image;
      throw new PlatterError('NOT_FOUND', `no image ${id}`);
    },
  };
  backend = new Backend({ host: world.host, config: world.config, imageApi });
  await world.makeTemplate(`${world.directory}/t.raw`, 'raw', 8 * MiB);
  await backend.templates.add('t', `${world.directory}/t.raw`);
  await backend.image({ id: 'vm1' }, 'disk', 'rbd').createImage({ template: 't' });
  await rbd('import', '--no-progress', `${world.directory}/t.raw`, at('glance'));
  await rbd('snap', 'create', '--no-progress', `${at('glance')}@snap`);
  await rbd('snap', 'protect', `${at('glance')}@snap`);
  const location = await backend.image({ id: 'vm1' }, 'disk', 'rbd').directSnapshot('d', 'service');
  fsid = new URL(location).host;
});
afterAll(async () => {
  expect(await world.leftovers()).toEqual([]);
  await world.dispose();
});

function at(name: string): string {
  return `${world.pool}/${name}`;
}

function url(image: string, snapshot = 'snap', cluster = fsid): string {
  return `rbd://${[cluster, world.pool, image, snapshot].map(encodeURIComponent).join('/')}`;
}

let count = 0;
function fresh() {
  count += 1;
  return backend.image({ id: `clone${count}` }, 'disk', 'rbd');
}

test('a direct snapshot is whole, shared, independent, and leaves nothing on the disk', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'rbd');
  await write(at('vm1_disk'), MiB, 0x22);
  const location = await image.directSnapshot('mine', 'new-image');
  expect(location).toBe(url('new-image'));
  expect((await image.info()).snapshots).toEqual([]);
  expect(await byteAt(at('new-image'), MiB)).toBe(0x22);
  const info = JSON.parse(
    await rbd('info', `${at('new-image')}@snap`, '--format', 'json'),
  ) as object;
  expect(info).toMatchObject({ protected: 'true' });
  expect(info).not.toHaveProperty('parent');
  expect(await codeOf(image.directSnapshot('mine', 'new-image'))).toBe('ALREADY_EXISTS');

  const clone = fresh();
  await clone.clone(location);
  expect(await codeOf(image.cleanupDirectSnapshot(location))).toBe('IN_USE');
  await clone.destroy();
  await image.cleanupDirectSnapshot(location, { destroy: true });
  await image.cleanupDirectSnapshot(location, { destroy: true });
  await image.cleanupDirectSnapshot(undefined);
  expect(await namesIn(world.pool)).not.toContain('new-image');
});

test('a clean-up removes what was named, and nothing else', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'rbd');
  await image.createSnap('keep');
  const destroy = { destroy: true };
  const locations = [
    url('glance', 'snap', '00000000-0000-4000-8000-000000000000'),
    url('vm1_disk', 'keep'),
    url('_base.t.0123456789abcdef'),
    'https://example.org/image',
  ];
  for (const location of locations) {
    expect(await codeOf(image.cleanupDirectSnapshot(location, destroy))).toBe('INVALID_ARGUMENT');
  }
  expect(await codeOf(image.cleanupDirectSnapshot(url('glance', 'typo'), destroy))).toBe('IN_USE');
  await rbd('snap', 'create', '--no-progress', at('glance@other'));
  expect(await codeOf(image.cleanupDirectSnapshot(url('glance'), destroy))).toBe('IN_USE');
  await rbd('snap', 'rm', '--no-progress', at('glance@other'));
  const snapshots = JSON.parse(await rbd('snap', 'ls', at('glance'), '--format', 'json')) as object;
  expect(snapshots).toMatchObject([{ name: 'snap', protected: 'true' }]);
  expect((await image.info()).snapshots).toEqual(['keep']);
  await image.removeSnap('keep');
});

test('a clean-up without removal takes the snapshot alone', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'rbd');
  const location = await image.directSnapshot('mine', 'kept');
  await image.cleanupDirectSnapshot(location);
  await image.cleanupDirectSnapshot(location);
  expect(await namesIn(world.pool)).toContain('kept');
  expect(JSON.parse(await rbd('snap', 'ls', at('kept'), '--format', 'json'))).toEqual([]);
  await image.cleanupDirectSnapshot(location, { destroy: true });
  expect(await namesIn(world.pool)).not.toContain('kept');
});

/** `rbd trash ls` shows nothing that `rbd rm` has put there. */
async function trash(): Promise<string> {
  const [pool = '', namespace = ''] = world.pool.split('/');
  // There is none before the first removal.
  const list = rados('-p', pool, '-N', namespace, 'listomapkeys', 'rbd_trash');
  return list.catch((error: unknown) => {
    if (String(error).includes('No such file or directory')) return '';
    throw error;
  });
}

test('a clean-up that is broken off leaves the image whole, or nothing of it', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'rbd');
  await write(at('vm1_disk'), MiB, 0x22);
  const usual = await image.directSnapshot('mine', 'usual');
  const startedAt = performance.now();
  await image.cleanupDirectSnapshot(usual, { destroy: true });
  const usualMs = performance.now() - startedAt;
  for (const moment of [0.6, 0.75, 0.82, 0.88, 0.94]) {
    const name = `cut${moment}`;
    const location = await image.directSnapshot('mine', name);
    const signal = AbortSignal.timeout(Math.round(usualMs * moment));
    expect(['CANCELED', undefined]).toContain(
      await codeOf(image.cleanupDirectSnapshot(location, { destroy: true, signal })),
    );
    if ((await namesIn(world.pool)).includes(name)) {
      expect(await byteAt(at(name), MiB)).toBe(0x22);
      await image.cleanupDirectSnapshot(location, { destroy: true });
    }
    expect(await namesIn(world.pool)).not.toContain(name);
    expect(await trash()).toBe('');
  }
});

test('a snapshot of that name is not taken for the one that is made', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'rbd');
  await image.createSnap('keep');
  expect(await codeOf(image.directSnapshot('keep', 'another'))).toBe('ALREADY_EXISTS');
  expect((await image.info()).snapshots).toEqual(['keep']);
  expect(await namesIn(world.pool)).not.toContain('another');
  await image.removeSnap('keep');
});

test.each(['raw', 'iso'])(
  'a %s image is cloned from the first location that is here',
  async (diskFormat) => {
    const locations = [
      'https://example.org/image',
      url('glance', 'snap', '00000000-0000-4000-8000-000000000000'),
      url('glance', 'none'),
      url('glance'),
    ];
    known.set('id', { id: 'id', diskFormat, locations });
    const image = fresh();
    if (diskFormat === 'iso') {
      // Declared what it is not: nobody has to believe an image service.
      expect(await codeOf(image.clone('id'))).toBe('FORMAT_MISMATCH');
      expect(await image.exists()).toBe(false);
      return;
    }
    const made = await image.clone('id');
    expect(made).toMatchObject({ virtualSizeBytes: 8 * MiB, method: 'clone' });
    expect((await image.info()).backing).toBe(`${at('glance')}@snap`);
    expect(await byteAt(at(`${image.address.instance}_disk`), 0)).toBe(templateByte);
  },
);

test('what cannot be shared is refused', async () => {
  known.set('qcow2', { id: 'qcow2', diskFormat: 'qcow2', locations: [url('glance')] });
  known.set('away', { id: 'away', diskFormat: 'raw', locations: [url('nothing'), 'rbd://image'] });
  expect(await codeOf(fresh().clone('qcow2'))).toBe('NOT_SUPPORTED');
  expect(await codeOf(fresh().clone('away'))).toBe('NOT_SUPPORTED');
  expect(await codeOf(fresh().clone('unknown'))).toBe('NOT_FOUND');
  expect(await codeOf(fresh().clone('rbd://x/y/z'))).toBe('NOT_SUPPORTED');
  expect(await codeOf(backend.image({ id: 'f' }, 'disk', 'flat').clone('id'))).toBe(
    'NOT_SUPPORTED',
  );
});

test('an image that shows itself as another format is refused at its location too', async () => {
  await world.makeTemplate(`${world.directory}/q.qcow2`, 'qcow2', 8 * MiB);
  await rbd('import', '--no-progress', `${world.directory}/q.qcow2`, at('disguised'));
  await rbd('snap', 'create', '--no-progress', `${at('disguised')}@snap`);
  await rbd('snap', 'protect', `${at('disguised')}@snap`);
  expect(await codeOf(fresh().clone(url('disguised')))).toBe('FORMAT_MISMATCH');
});

test('without another image service, the template store is asked', async () => {
  const plain = new Backend({ host: world.host, config: world.config });
  const image = plain.image({ id: 'of-store' }, 'disk', 'rbd');
  await image.clone('t');
  expect((await image.info()).template).toBe('t');
  await plain.templates.add('unused', `${world.directory}/t.raw`);
  expect(await codeOf(plain.image({ id: 'x' }, 'disk', 'rbd').clone('unused'))).toBe(
    'NOT_SUPPORTED',
  );
});

test('a file is imported over the image of its own name, and no other (D10)', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'rbd');
  const config = backend.image({ id: 'vm1' }, 'disk.config', 'rbd');
  await world.makeTemplate(`${world.directory}/c1`, 'raw', 2 * MiB);
  await world.makeTemplate(`${world.directory}/c2`, 'raw', 3 * MiB);
  await image.importFile(`${world.directory}/c1`, 'disk.config');
  expect(await config.getDiskSize()).toBe(2 * MiB);
  await image.importFile(`${world.directory}/c2`, 'disk.config');
  expect(await config.getDiskSize()).toBe(3 * MiB);
  expect(await codeOf(image.importFile(`${world.directory}/none`, 'disk.config'))).toBe(
    'NOT_FOUND',
  );
  expect(await codeOf(image.importFile(`${world.directory}/q.qcow2`, 'disk.config'))).toBe(
    'FORMAT_MISMATCH',
  );
  await config.createSnap('keep');
  expect(await codeOf(image.importFile(`${world.directory}/c1`, 'disk.config'))).toBe('IN_USE');
  expect((await config.info()).snapshots).toEqual(['keep']);
  expect(await config.getDiskSize()).toBe(3 * MiB);
  expect(await image.getDiskSize()).toBe(8 * MiB);
});

test('machines are told where an image is', async () => {
  const image = backend.image({ id: 'vm1' }, 'disk', 'rbd');
  expect(await image.getModel()).toMatchObject({
    kind: 'RbdImage',
    name: 'vm1_disk',
    pool: world.pool,
    user: null,
    secret: null,
    servers: [expect.stringMatching(/^127\.0\.0\.1:\d+$/)],
  });
  const secretUuid = '3c1bd5bd-0d33-4e3c-9d9b-6b7f8f3c2b11';
  const config = { ...world.config, rbd: { ...world.config.rbd, user: 'nova', secretUuid } };
  const other = new Backend({ host: world.host, config }).image({ id: 'vm1' }, 'disk', 'rbd');
  expect(other.path).toMatch(/^rbd:.*\/vm1_disk:id=nova:conf=\//);
  // The user is unknown here, which is not asked when the monitors are: this one is.
  expect(await codeOf(other.getModel())).toBe('PERMISSION_DENIED');
  const xml = (await image.libvirtInfo({ diskBus: 'virtio', diskDev: 'vda' })).toXml();
  expect(xml).toContain(`<source protocol="rbd" name="${world.pool}/vm1_disk">`);
  expect(xml).toMatch(/<host name="127\.0\.0\.1" port="\d+"\/>/);
  expect(xml).not.toContain('<auth');
});

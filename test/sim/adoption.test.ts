/** A template that stood in the store already is taken as what it was when it was looked at, or not at all. */
import { expect, test } from 'vitest';
import { simHost } from '../../sim/sim-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Host } from '../../src/ports/host.ts';

const MiB = 2 ** 20;
const path = '/instances/_base/t';

async function write({ filesystem }: Host, byte: number): Promise<void> {
  const file = await filesystem.open(path, 'create');
  await file.write(new Uint8Array(512).fill(byte), 0);
  await file.truncate(8 * MiB);
  await file.close();
}

async function storeWith(meanwhile: (host: Host) => Promise<void>) {
  const { host } = simHost();
  await host.filesystem.makeDirectory('/instances');
  await host.filesystem.makeDirectory('/instances/_base');
  await write(host, 7);
  const digests: Host['digests'] = {
    ...host.digests,
    async sha256File(target, options) {
      await meanwhile(host);
      return host.digests.sha256File(target, options);
    },
  };
  const backend = new Backend({
    host: { ...host, digests },
    config: { instancesPath: '/instances' },
  });
  return { backend, image: backend.image({ id: 'vm1' }, 'disk', 'qcow2') };
}

test('it is taken as it stands', async () => {
  const { backend, image } = await storeWith(() => Promise.resolve());
  await image.cache({ template: 't' });
  expect((await backend.templates.show('t')).source).toBe('found in the store');
});

test('another one in its place while it is looked at is refused', async () => {
  const { image } = await storeWith(async (host) => {
    await host.filesystem.unlink(path);
    await write(host, 9);
  });
  await expect(image.cache({ template: 't' })).rejects.toMatchObject({ code: 'TEMPLATE_CHANGED' });
  expect(await image.exists()).toBe(false);
});

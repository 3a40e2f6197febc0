/** What others can write to (a template that stood in the store, what a function wrote) is taken as it was looked at, or not at all. */
import { describe, expect, test } from 'vitest';
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

describe('what a function wrote', () => {
  /** The gate has been passed, or is about to be, when tools are started. */
  async function cached(stillWrites: boolean) {
    const { host } = simHost();
    let target = '';
    const executor: Host['executor'] = {
      async run(command, options) {
        const result = await host.executor.run(command, options);
        if (stillWrites && command.args.includes('info')) {
          await host.clock.sleep(50);
          const file = await host.filesystem.open(target, 'write');
          await file.write(new Uint8Array(512).fill(9), 0);
          await file.close();
        }
        return result;
      },
    };
    const backend = new Backend({
      host: { ...host, executor },
      config: { instancesPath: '/instances' },
    });
    const image = backend.image({ id: 'vm1' }, 'disk', 'qcow2');
    const caching = image.cache({
      template: 't',
      async fetch(to) {
        target = to;
        const file = await host.filesystem.open(to, 'create');
        await file.write(new Uint8Array(512).fill(7), 0);
        await file.truncate(8 * MiB);
        await file.close();
      },
    });
    return { backend, image, caching };
  }

  test('is taken when nobody writes to it any more', async () => {
    const { backend, caching } = await cached(false);
    await caching;
    expect((await backend.templates.show('t')).source).toBe('fetch function');
  });

  test('and still writes, is refused, and nothing is left', async () => {
    const { backend, image, caching } = await cached(true);
    await expect(caching).rejects.toMatchObject({ code: 'TEMPLATE_CHANGED' });
    expect(await image.exists()).toBe(false);
    expect(await backend.templates.list()).toEqual([]);
  });
});

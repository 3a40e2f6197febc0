import { expect, test } from 'vitest';
import { resolveConfig } from '../../src/config/resolve.ts';
import type { EngineContext } from '../../src/images/context.ts';
import type { Driver } from '../../src/images/driver.ts';
import { findImage, findImageElsewhere } from '../../src/images/find.ts';
import { simHost } from '../../sim/sim-host.ts';
import { makeDirectories } from '../../src/workspace/area.ts';

const address = { instance: 'vm1', disk: 'disk' };

/** Drivers that only note that they were asked; those in `holding` have the image. */
async function world({ files = [] as string[], holding = [] as string[] }) {
  const { host } = simHost();
  const config = resolveConfig({ instancesPath: '/i' });
  await makeDirectories(host.filesystem, '/i/vm1/.platter/disk.record');
  for (const path of files) {
    await host.filesystem.createText(`/i/vm1/${path}`, '{"version":1,"backend":"lvm"}');
  }
  const asked: string[] = [];
  const drivers = ['flat', 'qcow2', 'lvm', 'rbd'].map((type) => ({
    type,
    isFileInInstancePath: type === 'flat' || type === 'qcow2',
    find() {
      asked.push(type);
      return Promise.resolve(holding.includes(type) ? {} : undefined);
    },
  })) as unknown as Driver[];
  const get = (type: string) => {
    const found = drivers.find((driver) => driver.type === type);
    if (found === undefined) throw new Error(type);
    return found;
  };
  const context = {
    host,
    config,
    drivers: { get, all: () => drivers },
  } as unknown as EngineContext;
  return { asked, context, get };
}

test('a record settles which backend is asked', async () => {
  const { asked, context } = await world({
    files: ['.platter/disk.record/1.json'],
    holding: ['lvm'],
  });
  expect((await findImage(context, address))?.driver.type).toBe('lvm');
  expect(asked).toEqual(['lvm']);
});

test('a file settles it too', async () => {
  const { asked, context } = await world({ files: ['disk'], holding: ['qcow2', 'lvm'] });
  expect((await findImage(context, address))?.driver.type).toBe('qcow2');
  expect(asked).toEqual(['qcow2']);
});

test('without either the other backends are asked in turn, up to the first that has it', async () => {
  const { asked, context } = await world({ holding: ['lvm', 'rbd'] });
  expect((await findImage(context, address))?.driver.type).toBe('lvm');
  expect(asked).toEqual(['lvm']);
});

test('narrowed to one backend no other is asked', async () => {
  const { asked, context } = await world({});
  expect(await findImage(context, address, 'rbd')).toBeUndefined();
  expect(asked).toEqual(['rbd']);
  expect(await findImage(context, address, 'flat')).toBeUndefined();
  expect(asked).toEqual(['rbd']);
});

test('a new image meets the one of another backend that is recorded', async () => {
  const { asked, context } = await world({
    files: ['.platter/disk.record/1.json'],
    holding: ['lvm'],
  });
  expect((await findImageElsewhere(context, address, 'qcow2')).elsewhere?.driver.type).toBe('lvm');
  expect(asked).toEqual(['lvm']);
});

test('a new image asks no other backend of which nothing tells', async () => {
  const { asked, context } = await world({ holding: ['rbd'] });
  expect((await findImageElsewhere(context, address, 'qcow2')).elsewhere).toBeUndefined();
  expect(asked).toEqual([]);
});

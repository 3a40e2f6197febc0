/** A configuration that names another pool or volume group than the one that disks are in. */
import { expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import { simLvmImages } from './lvm-world.ts';
import { simRbdImages } from './rbd-world.ts';

const MiB = 2 ** 20;

test('of another pool nothing is forgotten, made or removed', async () => {
  const type = 'rbd';
  const { host, config } = await simRbdImages()();
  const own = new Backend({ host, config });
  const made = await own.image({ id: 'vm_1' }, 'disk', type).createImage({ sizeBytes: 8 * MiB });

  const elsewhere = new Backend({ host, config: { ...config, rbd: { pool: 'images' } } });
  const disk = elsewhere.image({ id: 'vm_1' }, 'disk', type);
  const refused = { code: 'CONFIG_INVALID' };
  await expect(elsewhere.show({ instance: 'vm_1', disk: 'disk' })).rejects.toMatchObject(refused);
  await expect(disk.createImage({ sizeBytes: 8 * MiB })).rejects.toMatchObject(refused);
  await expect(disk.destroy()).rejects.toMatchObject(refused);
  await elsewhere.recover();

  expect(await own.show({ instance: 'vm_1', disk: 'disk' })).toEqual(made);
});

test('a volume group of the same name is another one', async () => {
  const { host, config, world } = await simLvmImages('thick')();
  const backend = new Backend({ host, config });
  const address = { instance: 'vm1', disk: 'disk' };
  const made = await backend
    .image({ id: 'vm1' }, 'disk', 'lvm')
    .createImage({ sizeBytes: 8 * MiB });
  const group = world.stores.group as { uuid: string };
  const { uuid } = group;
  group.uuid = 'another';
  await expect(backend.show(address)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  await backend.recover();
  group.uuid = uuid;
  expect(await backend.show(address)).toEqual(made);
});

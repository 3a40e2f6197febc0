/** A removal is carried on whose rename left the disk its name: a machine can be started on it at any moment. */
import { expect, test } from 'vitest';
import { clusterStores } from '../../sim/cluster/stores.ts';
import { simHost } from '../../sim/sim-host.ts';
import { Backend } from '../../src/images/backend.ts';

test('it is looked at again, though it was found to be unused before', async () => {
  const { host, world } = simHost({ makeStores: clusterStores(['vms']) });
  const { filesystem } = host;
  const backend = new Backend({ host, config: { instancesPath: '/i', rbd: { pool: 'vms' } } });
  await filesystem.makeDirectory('/i');
  const image = backend.image({ id: 'vm1' }, 'disk', 'rbd');
  await image.createImage({ sizeBytes: 2 ** 20 });
  await image.createSnap('s1');
  const { cluster } = world.stores;
  const namespace = cluster?.namespace('vms');
  if (cluster === undefined || namespace === undefined) throw new Error('no cluster');

  // As who began the removal, and who carried it on until he died, have left it.
  const id = '00000000000000aa';
  const imageId = namespace.ids.get('vm1_disk') ?? '';
  namespace.ids.set(`_gone.vm1_disk.${id}`, imageId);
  const area = '/i/vm1/.platter';
  for (const path of ['/i/vm1', area, `${area}/disk~${id}.work`]) {
    await filesystem.makeDirectory(path).catch(() => {});
  }
  const intent = {
    operation: 'delete',
    backend: 'rbd',
    id,
    image: 'vms/vm1_disk',
    removed: `vms/_gone.vm1_disk.${id}`,
    imageId,
    wipe: true,
    isUnused: true,
  };
  await filesystem.createText(`${area}/disk~${id}.work/intent.json`, JSON.stringify(intent));
  const disk = namespace.headers.get(imageId);
  if (disk === undefined) throw new Error('no disk');
  const before = disk.content;
  const machine = disk.inode.device?.open?.();

  await backend.recover();
  expect(disk.snapshots.map(({ name }) => name)).toEqual(['s1']);
  expect(disk.content).toBe(before);
  machine?.close();
});

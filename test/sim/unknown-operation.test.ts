/** What a newer version of platter has begun, and this one knows nothing of, is left to that. */
import { expect, test } from 'vitest';
import { clusterStores } from '../../sim/cluster/stores.ts';
import { simHost } from '../../sim/sim-host.ts';
import { VolumeGroup } from '../../sim/volume-group/volume-group.ts';
import { Backend } from '../../src/images/backend.ts';
import { makeDirectories } from '../../src/workspace/area.ts';

const clusters = clusterStores(['vms']);

test.each([
  ...['flat', 'qcow2', 'lvm', 'rbd', 'ploop', 'of tomorrow'].map((type) => [type, 'vm1/disk']),
  ['of templates', '_base/t'],
])('%s', async (backend, target) => {
  const { host } = simHost({
    makeStores: (volume, ...rest) => ({
      ...clusters(volume, ...rest),
      group: new VolumeGroup(volume, { name: 'vg0', extents: 64 }),
    }),
  });
  const { filesystem } = host;
  const [directory, name] = target.split('/');
  const area = `/i/${directory}/.platter`;
  const workspace = `${area}/${name}~00000000000000aa.work`;
  for (const path of ['/i', `/i/${directory}`, area, workspace]) {
    await filesystem.makeDirectory(path);
  }
  const intent = JSON.stringify({ operation: 'grow sideways', backend });
  await filesystem.createText(`${workspace}/intent.json`, intent);
  const platter = new Backend({
    host,
    config: { instancesPath: '/i', lvm: { volumeGroup: 'vg0' }, rbd: { pool: 'vms' } },
  });
  await expect(platter.recover()).rejects.toMatchObject({
    code: 'CORRUPT',
    hint: expect.stringContaining('another version of platter'),
  });
  const left = (await filesystem.readDirectory(area)).find((entry) => entry.name.endsWith('.work'));
  expect(await filesystem.readText(`${area}/${left?.name}/intent.json`)).toBe(intent);
});

test('of a template it keeps no image from being recovered', async () => {
  const { host } = simHost();
  const { filesystem } = host;
  const left = [
    '/i/_base/.platter/t~00000000000000aa.work',
    '/i/vm1/.platter/disk~00000000000000bb.work',
  ];
  for (const path of ['/i', ...left]) await makeDirectories(filesystem, path);
  const intent = JSON.stringify({ operation: 'grow sideways' });
  await filesystem.createText(`${left[0]}/intent.json`, intent);
  const platter = new Backend({ host, config: { instancesPath: '/i' } });
  await expect(platter.recover()).rejects.toMatchObject({
    code: 'CORRUPT',
    details: { target: 'template t', recovered: ['vm1/disk'] },
  });
  await expect(filesystem.stat('/i/vm1')).rejects.toMatchObject({ code: 'ENOENT' });
});

/** A removal that was broken off, and had taken the name of an image that is to stay: it is given back, unless it is taken. */
import { expect, test } from 'vitest';
import { clusterStores } from '../../sim/cluster/stores.ts';
import { simHost } from '../../sim/sim-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { PlatterEvent } from '../../src/ports/events.ts';

const id = '00000000000000aa';
const image = 'vms/vm1_disk';
const removed = `vms/_gone.vm1_disk.${id}`;

/** What has the private name is another image than the one that was to go. */
async function brokenOff() {
  const { host } = simHost({ makeStores: clusterStores(['vms']) });
  const { filesystem, executor } = host;
  const workspace = `/work/instances/vm1/.platter/disk~${id}.work`;
  for (const path of [
    '/work',
    '/work/instances',
    '/work/instances/vm1',
    '/work/instances/vm1/.platter',
    workspace,
  ]) {
    await filesystem.makeDirectory(path);
  }
  const intent = {
    operation: 'delete',
    backend: 'rbd',
    image,
    removed,
    imageId: 'abc',
    wipe: false,
  };
  await filesystem.createText(`${workspace}/intent.json`, JSON.stringify(intent));
  const rbd = async (...args: string[]) => (await executor.run({ file: 'rbd', args })).stdout;
  await rbd('create', removed, '--size', '1M');
  const events: PlatterEvent[] = [];
  const witnessed = { ...host, events: { emit: (event: PlatterEvent) => events.push(event) } };
  const config = { instancesPath: '/work/instances', rbd: { pool: 'vms' } };
  return { backend: new Backend({ host: witnessed, config }), rbd, events };
}

test('a name that is free is given back', async () => {
  const { backend, rbd } = await brokenOff();
  await backend.recover();
  expect(await rbd('ls', 'vms')).toBe('vm1_disk\n');
});

test('where another image has it, both stay, and it is said', async () => {
  const { backend, rbd, events } = await brokenOff();
  await rbd('create', image, '--size', '2M');
  await backend.recover();
  const left = ['_gone.vm1_disk.00000000000000aa', 'vm1_disk'];
  expect((await rbd('ls', 'vms')).trim().split('\n')).toEqual(left);
  const warnings = events.filter(({ type }) => type === 'warning');
  expect(warnings).toEqual([
    { type: 'warning', message: expect.stringContaining(removed) as string },
  ]);
  expect(await backend.recover()).toEqual([]);
  expect((await backend.audit()).map(({ path }) => path)).toEqual([removed]);
});

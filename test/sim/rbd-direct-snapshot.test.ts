/** Making an image of an image service fails, or is cut off, where others are at work in the cluster. */
import { expect, test } from 'vitest';
import { clusterStores } from '../../sim/cluster/stores.ts';
import { leftIn } from '../../sim/model/cluster-store.ts';
import { simHost } from '../../sim/sim-host.ts';
import type { Fault } from '../../sim/faults/fault.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Executor } from '../../src/ports/executor.ts';

const config = { instancesPath: '/i', rbd: { pool: 'vms', templatePool: 'images' } };

/** A disk; `before` is done before a command whose words include `text` is run for the first time. */
async function disk({ text = '', before = [] as string[], faults = [] as Fault[] }) {
  const { host, world, spawn } = simHost({ faults, makeStores: clusterStores(['vms', 'images']) });
  const rbd = async (...args: string[]) =>
    (await spawn().executor.run({ file: 'rbd', args })).stdout;
  let isDone = text === '';
  const executor: Executor = {
    async run(command, options) {
      if (!isDone && command.args.join(' ').includes(text)) {
        isDone = true;
        await rbd(...before);
      }
      return host.executor.run(command, options);
    },
  };
  const backend = new Backend({ host: { ...host, executor }, config });
  await host.filesystem.makeDirectory('/i');
  const image = backend.image({ id: 'vm1' }, 'disk', 'rbd');
  await image.createImage({ sizeBytes: 2 ** 20 });
  const { cluster } = world.stores;
  if (cluster === undefined) throw new Error('no cluster');
  return { backend, image, rbd, left: () => leftIn(cluster) };
}

test('a snapshot of the name that somebody else took meanwhile stays', async () => {
  const taken = 'vms/vm1_disk@s1';
  const { image, rbd } = await disk({
    text: `snap create --no-progress ${taken}`,
    before: ['snap', 'create', '--no-progress', taken],
  });
  await expect(image.directSnapshot('s1', 'made')).rejects.toMatchObject({
    code: 'ALREADY_EXISTS',
  });
  expect(JSON.parse(await rbd('snap', 'ls', 'vms/vm1_disk', '--format', 'json'))).toMatchObject([
    { name: 's1' },
  ]);
});

test('an image that got only half of its name goes by both', async () => {
  const faults: Fault[] = [{ host: 0, site: 'rbd: update directory', nth: 2, kind: 'tool killed' }];
  const { image, left } = await disk({ faults });
  await expect(image.directSnapshot('s1', 'made')).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  expect(left()).toEqual([]);
  await image.directSnapshot('s1', 'made');
  expect(left()).toEqual([]);
});

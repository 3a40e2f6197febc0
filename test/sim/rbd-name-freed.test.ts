/** A name that opens nothing is made free by several hosts at once: whoever comes late meets what another has put there. */
import { expect, test } from 'vitest';
import { clusterStores } from '../../sim/cluster/stores.ts';
import { simHost } from '../../sim/sim-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Executor } from '../../src/ports/executor.ts';

/** Two hosts with a directory each; `meanwhile` happens before one removes the name of the template. */
async function hosts(meanwhile: (other: Backend) => Promise<unknown>) {
  const { host, world } = simHost({ makeStores: clusterStores(['vms']) });
  const backendAt = (instancesPath: string, executor = host.executor) =>
    new Backend({ host: { ...host, executor }, config: { instancesPath, rbd: { pool: 'vms' } } });
  for (const path of ['/a', '/b']) await host.filesystem.makeDirectory(path);
  await host.filesystem.createText('/t.raw', 'x'.repeat(4096));
  const other = backendAt('/b');
  let isDone = false;
  const executor: Executor = {
    async run(command, options) {
      const isRemoval = command.args.includes('rm') && !command.args.includes('snap');
      if (!isDone && isRemoval && command.args.some((word) => word.startsWith('vms/_base.'))) {
        isDone = true;
        await meanwhile(other);
      }
      return host.executor.run(command, options);
    },
  };
  const backend = backendAt('/a', executor);
  for (const one of [backend, other]) await one.templates.add('t', '/t.raw');
  const namespace = world.stores.cluster?.namespace('vms');
  if (namespace === undefined) throw new Error('no pool');
  return { backend, other, namespace };
}

const disk = (backend: Backend, id: string) =>
  backend.image({ id }, 'disk', 'rbd').cache({ template: 't' });

test('who publishes a template takes the one of another', async () => {
  const { backend, other, namespace } = await hosts((one) => disk(one, 'vm2'));
  await disk(other, 'vm3');
  const name = [...namespace.ids.keys()].find((known) => known.startsWith('_base.')) ?? '';
  await other.image({ id: 'vm3' }, 'disk', 'rbd').destroy();
  await other.templates.delete('t');
  await other.templates.add('t', '/t.raw');
  // What a rename leaves that was killed before its image was removed.
  namespace.ids.set(name, 'gone');
  await disk(backend, 'vm1');
  expect((await backend.list()).map(({ instance }) => instance)).toEqual(['vm1', 'vm2']);
});

test('who removes a template leaves that of another', async () => {
  const { backend, other, namespace } = await hosts((one) => disk(one, 'vm2'));
  await disk(backend, 'vm1');
  await backend.image({ id: 'vm1' }, 'disk', 'rbd').destroy();
  await backend.templates.delete('t');
  expect([...namespace.ids.keys()].filter((known) => known.startsWith('_base.'))).toHaveLength(1);
  expect((await other.list()).map(({ instance }) => instance)).toEqual(['vm2']);
});

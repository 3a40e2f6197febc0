/** How many calls of ports the commonest operations take, once the template is in the store: counted, not estimated. */
import { beforeEach, expect, test } from 'vitest';
import { simHost } from '../../sim/sim-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Host } from '../../src/ports/host.ts';

const MiB = 2 ** 20;
const calls: string[] = [];

/** Notes each call of the filesystem, of a file that is open, of a lock, and each tool. */
function counted(host: Host): Host {
  const noting = <Port extends object>(port: Port, prefix: string): Port =>
    new Proxy(port, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]): unknown => {
          const result: unknown = Reflect.apply(value, target, args);
          // What is answered at once costs nothing.
          if (!(result instanceof Promise)) return result;
          calls.push(`${prefix}${String(key)}`);
          return result.then((answer: unknown) => {
            const isOpen = typeof answer === 'object' && answer !== null && 'read' in answer;
            return isOpen ? noting(answer, 'file.') : answer;
          });
        };
      },
    });
  return {
    ...host,
    filesystem: noting(host.filesystem, ''),
    locks: noting(host.locks, 'locks.'),
    executor: noting(host.executor, 'executor.'),
  };
}

let backend: Backend;
beforeEach(async () => {
  const { host } = simHost();
  await host.filesystem.makeDirectory('/work');
  const source = await host.filesystem.open('/work/t.raw', 'create');
  await source.write(new Uint8Array(512).fill(7), 0);
  await source.truncate(8 * MiB);
  await source.close();
  backend = new Backend({ host: counted(host), config: { instancesPath: '/work/instances' } });
  await backend.templates.add('t', '/work/t.raw');
  calls.length = 0;
});

function count(): { calls: number; syncs: number; tools: number } {
  const taken = calls.splice(0);
  return {
    calls: taken.length,
    syncs: taken.filter((name) => /sync/i.test(name)).length,
    tools: taken.filter((name) => name === 'executor.run').length,
  };
}

test.each([
  ['qcow2', { calls: 30, syncs: 3, tools: 1 }],
  ['flat', { calls: 33, syncs: 3, tools: 0 }],
])('%s', async (type, create) => {
  const image = backend.image({ id: 'vm1' }, 'disk', type);
  const made = await image.createImage({ template: 't', sizeBytes: 16 * MiB });
  expect(count()).toEqual(create);

  const found = await backend.show({ instance: 'vm1', disk: 'disk' });
  expect(count()).toEqual({ calls: 3, syncs: 0, tools: 0 });
  // What was told without a look is what a look finds.
  expect(made).toEqual(found);

  await image.resizeImage(32 * MiB);
  // An overlay is compared with what it leans on.
  const looks = type === 'qcow2' ? 2 : 0;
  expect(count()).toEqual({ calls: 14 + looks, syncs: 3, tools: 1 });

  await image.cache({ template: 't', sizeBytes: 16 * MiB });
  expect(count()).toEqual({ calls: 13, syncs: 0, tools: 0 });
});

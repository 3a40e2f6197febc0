/** A directory that belongs to somebody else keeps nothing from the others. */
import { expect, test } from 'vitest';
import { simHost } from '../../sim/sim-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Filesystem } from '../../src/ports/filesystem.ts';

function denying(filesystem: Filesystem, denied: string): Filesystem {
  return new Proxy(filesystem, {
    get(target, key) {
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (path: unknown, ...rest: unknown[]): unknown => {
        if (String(path).startsWith(denied)) {
          return Promise.reject(Object.assign(new Error('denied'), { code: 'EACCES', path }));
        }
        return Reflect.apply(value, target, [path, ...rest]);
      };
    },
  });
}

test('others are listed and recovered', async () => {
  const warnings: string[] = [];
  const { host } = simHost();
  const events = {
    emit: (event: { type: string; message?: string }) => {
      if (event.type === 'warning') warnings.push(String(event.message));
    },
  };
  const config = { instancesPath: '/i' };
  await host.filesystem.makeDirectory('/i');
  const whole = new Backend({ host, config });
  for (const id of ['vm1', 'vm2']) {
    await whole.image({ id }, 'disk').createImage({ sizeBytes: 2 ** 20 });
  }
  const filesystem = denying(host.filesystem, '/i/vm1');
  const backend = new Backend({ host: { ...host, filesystem, events }, config });
  expect((await backend.list()).map(({ instance }) => instance)).toEqual(['vm2']);
  expect(warnings.join()).toContain('permission denied');
  expect(warnings.join()).toContain('/i/vm1');
  await expect(backend.recover()).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    details: { target: 'vm1' },
  });
});

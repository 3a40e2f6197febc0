/** A server does what it is asked for, and its answer is lost: a disk is made with all that is told of it, and nothing stays behind. */
import { expect, test } from 'vitest';
import { simHost } from '../../sim/sim-host.ts';
import { errno } from '../../sim/volume/errno.ts';
import { Backend } from '../../src/images/backend.ts';
import type { Filesystem } from '../../src/ports/filesystem.ts';
import { makeDirectories } from '../../src/workspace/area.ts';
import { leaseHolders, takeLease } from '../../src/workspace/lease.ts';

const disk = '/i/vm1/disk';

/** Whatever gives the disk its name first does it, and fails. */
function losing(filesystem: Filesystem): Filesystem {
  let isLost = false;
  const once =
    (act: (source: string, target: string) => Promise<void>) =>
    async (source: string, target: string) => {
      await act(source, target);
      if (target !== disk || isLost) return;
      isLost = true;
      throw errno('EIO', source);
    };
  const lossy = {
    link: once((source, target) => filesystem.link(source, target)),
    rename: once((source, target) => filesystem.rename(source, target)),
  };
  return new Proxy(filesystem, {
    get(target, key) {
      if (key === 'link' || key === 'rename') return lossy[key];
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

test.each(['flat', 'qcow2', 'ploop'] as const)('%s', async (type) => {
  const { host } = simHost();
  await host.filesystem.makeDirectory('/i');
  const backend = new Backend({
    host: { ...host, filesystem: losing(host.filesystem) },
    config: { instancesPath: '/i', defaultImageType: type },
  });
  const image = backend.image({ id: 'vm1' }, 'disk', type);
  await image.createImage({ sizeBytes: 2 ** 20 });
  expect(await backend.list()).toMatchObject([{ disk: 'disk', method: 'blank' }]);
  expect(await backend.recover()).toEqual([]);
});

test('an export that has its name is told as such, whatever becomes of the rest', async () => {
  const { host } = simHost({
    faults: [{ host: 0, site: 'filesystem.unlink', nth: 1, kind: 'EIO' }],
  });
  await host.filesystem.makeDirectory('/i');
  const backend = new Backend({ host, config: { instancesPath: '/i' } });
  const image = backend.image({ id: 'vm1' }, 'disk', 'flat');
  await image.createImage({ sizeBytes: 2 ** 20 });
  await expect(image.snapshotExtract('/out', 'raw')).rejects.toMatchObject({
    code: 'TOOL_FAILED',
    details: { undo: 'finished' },
  });
  expect(await host.filesystem.stat('/out')).toMatchObject({ sizeBytes: 2 ** 20 });
  expect(await backend.recover()).toEqual([]);
});

test('a lease of which nobody knows whether it was taken is given back', async () => {
  const { host } = simHost({
    faults: [{ host: 0, site: 'filesystem.rename', nth: 1, kind: 'server away' }],
  });
  await makeDirectories(host.filesystem, '/i/.platter');
  const lease = takeLease(host, '/i', 't', 'test');
  await expect(lease).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  expect(await leaseHolders(host, '/i', 't')).toEqual([]);
});

/** LVM that is not done in its time is asked to end, and leaves nothing that only a person could mend. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { beforeEach, expect, test } from 'vitest';
import { Backend } from '../../src/images/backend.ts';
import { PlatterError } from '../../src/errors.ts';
import { group, halfMade, lvmWorld, MiB, thin, type LvmWorld } from './lab.ts';

let world: LvmWorld;
let backend: Backend;

beforeEach(async () => {
  expect(process.env['PLATTER_LAB']).toBe('lvm');
  world = await lvmWorld(thin)();
  backend = new Backend({ host: world.host, config: world.config });
  await world.makeTemplate(`${world.directory}/t.raw`, 'raw', 8 * MiB);
  await backend.templates.add('t', `${world.directory}/t.raw`);
  return () => world.dispose();
});

const hurried = (seconds: number) =>
  new Backend({
    host: world.host,
    config: { ...world.config, limits: { toolTimeoutSeconds: seconds } },
  });

test('who waits for the group no longer than its time has done nothing', async () => {
  const holder = spawn('flock', [`/run/lock/lvm/V_${group}`, 'sleep', '60'], { detached: true });
  await once(holder, 'spawn');
  await setTimeout(1000);
  const image = hurried(3).image({ id: 'vm1' }, 'disk', 'lvm');
  await expect(image.cache({ template: 't' })).rejects.toMatchObject({ code: 'TIMED_OUT' });
  process.kill(-Number(holder.pid), 'SIGKILL');
  await once(holder, 'exit');
  expect(await halfMade()).toEqual([]);
  const patient = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  await patient.cache({ template: 't' });
  await patient.destroy();
});

test('whatever its time cuts short, the pool goes on', async () => {
  const image = hurried(1).image({ id: 'vm1' }, 'disk', 'lvm');
  const outcomes: string[] = [];
  const attempt = async (act: () => Promise<unknown>) => {
    try {
      await act();
      outcomes.push('done');
    } catch (error) {
      if (!PlatterError.is(error)) throw error;
      outcomes.push(error.code);
    }
  };
  await attempt(() => image.cache({ template: 't' }));
  await attempt(() => image.createSnap('s'));
  await attempt(() => image.resizeImage(12 * MiB));
  await attempt(() => image.rollbackToSnap('s'));
  await attempt(() => image.destroy());
  // What was not made has no snapshot, and cannot be removed.
  const expected = new Set(['done', 'TIMED_OUT', 'OUTCOME_UNKNOWN', 'NOT_FOUND']);
  expect(outcomes.filter((outcome) => !expected.has(outcome))).toEqual([]);
  await backend.recover();
  const after = backend.image({ id: 'vm1' }, 'disk', 'lvm');
  await after.cache({ template: 't' });
  await after.createSnap('after');
  await after.removeSnap('after');
  await after.destroy();
  expect(await halfMade()).toEqual([]);
});

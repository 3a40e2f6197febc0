/** Bounded sweeps, in this very process; `platter sim sweep` has the whole ones. */
import { describe, expect, test } from 'vitest';
import type { FailureFile } from '../../sim/failures/failure-file.ts';
import { replay } from '../../sim/failures/replay.ts';
import { callFaultsAt } from '../../sim/faults/possible.ts';
import type { SimBackend } from '../../sim/scenarios/scenario.ts';
import { ExhaustivePolicy } from '../../sim/schedule/exhaustive.ts';
import { casesOf, type SweepCase } from '../../sim/sweep/cases.ts';
import { deathsOf, sweepDeaths } from '../../sim/sweep/deaths.ts';
import { matrixOf, missingOf } from '../../sim/sweep/matrix.ts';
import { nextValues } from '../../sim/sweep/odometer.ts';
import { sweepIds, sweepOne } from '../../sim/sweep/sweep.ts';
import { recordSteps, type Step } from '../../sim/sweep/recording.ts';
import { Sweep } from '../../sim/sweep/sweep-case.ts';

const limits = { statesMax: 1, preemptionsMax: 2, schedulesMax: 8 };

const swept: readonly (readonly [SimBackend, string])[] = [
  ['flat', 'reflink/restore-snapshot'],
  ['flat', 'copy/schedules/cache-one-disk'],
  ['qcow2', 'overlay/create-second-snapshot'],
  ['qcow2', 'overlay/schedules/resize-and-snapshot'],
];

test.each(swept)('%s: whatever strikes %s, once, wherever', async (backend, id) => {
  const { failures, possible, injected, runs, faults, crashStates, schedules } = await sweepOne({
    backend,
    id,
    ...limits,
  });
  expect(
    failures.map(({ scenario, violation }) => ({ ...violation, faults: scenario.faults })),
  ).toEqual([]);
  expect(missingOf(matrixOf(possible, new Set(injected)))).toEqual([]);
  // Schedules may be gone through again.
  if (schedules > 0) expect(runs).toBeGreaterThanOrEqual(schedules);
  else expect(runs).toBe(faults + crashStates);
  expect(runs).toBeGreaterThan(5);
});

test.each(['flat', 'qcow2', 'lvm', 'rbd'] as const)(
  '%s: every case has a name of its own',
  (backend) => {
    const ids = [false, true].flatMap((deaths) => sweepIds(backend, { deaths }));
    expect(new Set(ids).size).toBe(ids.length);
    expect(sweepIds(backend, { kind: 'resize', deaths: false }).length).toBeGreaterThan(0);
    expect(sweepIds(backend, { kind: 'guest write', deaths: false })).toEqual([]);
  },
);

test('a disk that lies is found out, and the file of it replays', async () => {
  const honest = casesOf('flat').find(({ id }) => id === 'copy/create-blank') as SweepCase;
  const sweep = new Sweep(honest);
  // The first step after the operation: what it said is done has to be there.
  const last = (await recordSteps(honest.scenario)).at(-1) as Step;
  const cut = { host: last.host, site: last.site, nth: last.nth, kind: 'cut power' } as const;
  const { scenario } = honest;
  await sweep.run({
    ...scenario,
    volume: { ...scenario.volume, isShared: false, lies: true },
    faults: [cut],
    states: Array.from({ length: 20 }, () => 1),
  });
  const { violations, failures } = sweep.sum;
  expect(violations).toBe(1);
  const { isReproduced, isSameTrace } = await replay(failures[0] as FailureFile);
  expect({ isReproduced, isSameTrace }).toEqual({ isReproduced: true, isSameTrace: true });
});

test('what one death leaves undone is found by a second one', async () => {
  const [id = ''] = sweepIds('flat', { kind: 'prune', deaths: true });
  const honest = await sweepOne({ backend: 'flat', id, ...limits });
  expect(honest.failures).toEqual([]);
  expect(honest.faults).toBe(honest.runs);
  // Each of the first deaths is met by several second ones.
  expect(honest.runs).toBeGreaterThan(10 * honest.steps);
  const dying = deathsOf('flat').find((known) => known.id === id) as SweepCase;
  const { volume } = dying.scenario;
  const lying = { ...dying.scenario, volume: { ...volume, lies: true } };
  const { violations } = await sweepDeaths({ ...dying, scenario: lying });
  expect(violations).toBeGreaterThan(0);
});

test('sites take the faults of their kind', () => {
  expect(callFaultsAt('filesystem.rename', 'flat')).toContain('retransmitted');
  expect(callFaultsAt('file.truncate', 'flat')).toEqual(callFaultsAt('file.write', 'flat'));
  expect(callFaultsAt('qemu-img create: write L1 table', 'qcow2')).toContain('tool hangs');
  expect(callFaultsAt('qemu-img create: write L1 table', 'qcow2')).toContain('tool stuck');
  expect(callFaultsAt('qemu-img convert: open target', 'lvm')).not.toContain('tool hangs');
  expect(callFaultsAt('rbd: open file', 'rbd')).not.toContain('tool hangs');
  expect(callFaultsAt('locks.look', 'flat')).toEqual([]);
});

test('a pair that was possible and never injected is named', () => {
  const matrix = matrixOf(['b × EIO', 'a × EIO', 'a × ENOSPC'], new Set(['a × EIO', 'b × EIO']));
  expect(matrix.map(({ site }) => site)).toEqual(['a', 'b']);
  expect(missingOf(matrix)).toEqual(['a × ENOSPC']);
});

describe('schedules of two tasks', () => {
  /** Runs two tasks of so many steps under every schedule; resolves to the orders. */
  function ordersOf(
    steps: number,
    options: { preemptionsMax: number; matters: (task: number, step: string) => boolean },
  ): readonly string[] {
    const orders: string[] = [];
    let values: readonly number[] | undefined = [];
    while (values !== undefined) {
      const policy: ExhaustivePolicy = new ExhaustivePolicy({
        values,
        preemptionsMax: options.preemptionsMax,
        matters: (task, { name }) => options.matters(task, name),
      });
      orders.push(orderUnder(policy, steps));
      values = nextValues(policy.choices);
    }
    return orders;
  }

  function orderUnder(policy: ExhaustivePolicy, steps: number): string {
    const left = new Map([
      [1, 0],
      [2, 0],
    ]);
    let order = '';
    for (;;) {
      const candidates = [...left]
        .filter(([, done]) => done < steps)
        .map(([id, done]) => ({ owner: { id }, name: String(done), subject: '' }));
      if (candidates.length === 0) return order;
      const chosen = candidates[candidates.length === 1 ? 0 : policy.choose(candidates)];
      if (chosen === undefined) throw new RangeError('no such candidate');
      const { id } = chosen.owner;
      left.set(id, (left.get(id) ?? 0) + 1);
      order += String(id);
      policy.onStep(chosen.owner);
    }
  }

  test('are all that there are, each once', () => {
    const orders = ordersOf(3, { preemptionsMax: 9, matters: () => true });
    expect(new Set(orders).size).toBe(20);
    expect(orders).toHaveLength(20);
  });

  test('without pre-emptions, one after the other', () => {
    const orders = ordersOf(3, { preemptionsMax: 0, matters: () => true });
    expect([...orders].sort()).toEqual(['111222', '222111']);
  });

  test('change only before steps that matter', () => {
    const orders = ordersOf(3, { preemptionsMax: 9, matters: (_, step) => step === '1' });
    expect([...orders].sort()).toEqual([
      '111222',
      '121122',
      '122211',
      '211122',
      '212211',
      '222111',
    ]);
  });
});

/** A bounded soak over every backend and profile, in this very process; `platter sim run` has the long ones. */
import { expect, test } from 'vitest';
import { profiles } from '../../sim/faults/profiles.ts';
import { runShard } from '../../sim/soak/shard.ts';
import type { SimBackend } from '../../sim/scenarios/scenario.ts';

const backends: readonly (readonly [SimBackend, number])[] = [
  ['flat', 40],
  ['qcow2', 40],
  ['lvm', 20],
  ['ploop', 20],
];

for (const [backend, scenarios] of backends) {
  for (const { name, promisesSurvival, lies } of profiles) {
    const order = {
      backend,
      profile: name,
      seed: 1,
      scenarios,
      stopsAtFailure: false,
      repeatsOneIn: 20,
    };
    if (promisesSurvival) {
      test(`${backend}: ${scenarios} scenarios of profile ${name}`, async () => {
        const { failures, repeated } = await runShard(order);
        expect(failures.map(({ violation, seed }) => ({ seed, ...violation }))).toEqual([]);
        expect(repeated).toBe(scenarios / 20);
      });
    } else if (lies) {
      // What NFS's caches of names break takes more to be found (name-cache.test.ts).
      test(`${backend}: profile ${name} is found out, as a control`, async () => {
        const { failures } = await runShard({ ...order, scenarios: 100, stopsAtFailure: true });
        expect(failures).not.toEqual([]);
      });
    }
  }
}

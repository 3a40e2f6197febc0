/**
 * The engine on the simulated host beside the engine on the real one: random operations, with what guests write in
 * between, compared by outcome, description, content, allocated size and the files that are left. See
 * test/differential/budget.ts for how to run it longer.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runDifferential } from '../differential/budget.ts';
import { compareEngine } from '../differential/engine-fuzz.ts';
import { engineOperations } from '../differential/engine-operations.ts';
import { realSide } from '../differential/real-side.ts';
import { simSide } from '../differential/sim-side.ts';
import { loopMount, type LoopMount } from './loop-mount.ts';

let xfs: LoopMount;
beforeAll(async () => {
  xfs = await loopMount('xfs', '600M');
});
afterAll(() => xfs.dispose());

const cases = [
  { name: 'qcow2', type: 'qcow2', hasReflinks: false },
  { name: 'flat, without reflinks', type: 'flat', hasReflinks: false },
  { name: 'flat, with reflinks', type: 'flat', hasReflinks: true },
];

for (const { name, type, hasReflinks } of cases) {
  test(`the engine does the same: ${name}`, { timeout: 3_700_000 }, async () => {
    const real = hasReflinks ? await realSide(xfs.directory, 1024 * 1024) : await realSide();
    try {
      const tally = await runDifferential({
        name: `engine, ${name}`,
        operations: engineOperations,
        async compare(operations, counts) {
          const sim = await simSide({ hasReflinks });
          await compareEngine({ sim, real }, type, operations, counts);
        },
        defaultSeconds: type === 'qcow2' ? 12 : 6,
      });
      expect(tally.operations).toBeGreaterThan(10);
    } finally {
      await real.dispose();
    }
  });
}

/**
 * The simulated qemu-img and cp beside the real ones: random command lines, right and wrong, compared by exit status,
 * class of error, state, content and allocated size. See test/differential/budget.ts for how to run it longer.
 */
import { expect, test } from 'vitest';
import { runDifferential } from '../differential/budget.ts';
import { realSide } from '../differential/real-side.ts';
import { simSide } from '../differential/sim-side.ts';
import { compareToolCalls } from '../differential/tool-fuzz.ts';
import { toolOperations } from '../differential/tool-operations.ts';

test('the simulated tools do what the real ones do', { timeout: 3_700_000 }, async () => {
  const tally = await runDifferential({
    name: 'tools',
    operations: toolOperations,
    async compare(operations, counts) {
      const real = await realSide();
      const sim = await simSide({ hasReflinks: false });
      try {
        await compareToolCalls({ sim, real }, operations, counts);
      } finally {
        await real.dispose();
      }
    },
    defaultSeconds: 12,
  });
  expect(tally.operations).toBeGreaterThan(10);
});

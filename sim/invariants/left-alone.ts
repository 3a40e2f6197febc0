import { touches } from '../model/operation-run.ts';
import type { Invariant } from '../model/invariant.ts';
import { same } from './outcome.ts';

export const leftAlone: Invariant = {
  id: 'left-alone',
  description: 'recovery changes no disk of which nothing was broken off',
  onDone(model, run) {
    for (const [address, before] of run.allBefore ?? []) {
      // Others may have changed it meanwhile.
      const isShared = model.runs.some(
        (other) =>
          other !== run &&
          touches(other, address) &&
          (other.outcome === 'running' || other.number > run.number),
      );
      if (isShared || model.unsettled.has(address)) continue;
      const after = model.state(address);
      const wrong = after === undefined ? 'it is gone' : same(after, before);
      if (wrong !== undefined)
        return `${address} was left as it was to be, and recovered: ${wrong}`;
    }
    return undefined;
  },
};

import type { Invariant } from '../model/invariant.ts';
import { same } from './outcome.ts';

export const leftAlone: Invariant = {
  id: 'left-alone',
  description: 'recovery changes no disk of which nothing was broken off',
  onDone(model, run) {
    // Others may have changed something meanwhile.
    if (!run.isExclusive || run.spec.kind !== 'recover') return undefined;
    for (const [address, before] of run.allBefore ?? []) {
      if (model.unsettled.has(address)) continue;
      const after = model.state(address);
      const wrong = after === undefined ? 'it is gone' : same(after, before);
      if (wrong !== undefined)
        return `${address} was left as it was to be, and recovered: ${wrong}`;
    }
    return undefined;
  },
};

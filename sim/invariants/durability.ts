import type { Invariant } from '../model/invariant.ts';
import { touches } from '../model/operation-run.ts';
import { same } from './outcome.ts';

export const durability: Invariant = {
  id: 'durability',
  description:
    'what was acknowledged survives a power cut: disks, their contents, sizes and snapshots',
  onPowerCut(model, before) {
    for (const [address, state] of before) {
      if (model.unsettled.has(address)) continue;
      // Who worked on it then was interrupted by the cut, or works on elsewhere.
      if (model.runs.some((run) => run.outcome === 'running' && touches(run, address))) continue;
      const after = model.state(address);
      if (after === undefined) return `${address} does not survive a power cut`;
      const wrong = same(after, state);
      if (wrong !== undefined) return `after a power cut ${address} is not what it was: ${wrong}`;
    }
    for (const address of model.disks.keys()) {
      const isKnown = before.has(address) || model.unsettled.has(address);
      if (isKnown || model.runs.some((run) => touches(run, address) && run.outcome !== 'done'))
        continue;
      return `${address} is back after a power cut, though it was destroyed`;
    }
    return undefined;
  },
};

import { describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import { stateOf } from '../model/view.ts';

export const orphans: Invariant = {
  id: 'orphan',
  description:
    'what a tool does whose operation has died changes no disk that somebody has dealt with since',
  onChange(model, { kind, meaning, run, replaced }) {
    if (kind !== 'content' || meaning.kind !== 'disk' || run?.outcome !== 'interrupted')
      return undefined;
    const { address } = meaning;
    if (replaced === undefined || model.unsettled.has(address)) return undefined;
    const before = stateOf(model.world.volume, replaced);
    if (model.state(address)?.guest === before.guest) return undefined;
    return `${address} is changed by a tool of ${describeRun(run)}, which has died`;
  },
};

import { creates, describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';

export const noLostDisk: Invariant = {
  id: 'no-lost-disk',
  description:
    'a disk goes only when it is destroyed, or when the operation that has just made it takes it back',
  onChange(model, { kind, meaning, run }) {
    if (kind !== 'vanish' || meaning.kind !== 'disk' || run === undefined) return undefined;
    if (model.disks.has(meaning.address)) return undefined;
    if (run.spec.kind === 'destroy' && run.spec.subject === meaning.address) return undefined;
    // Where publishing is not one change, what was interrupted between its changes may be taken back.
    if (model.store.mayTakeBack === true && model.unsettled.has(meaning.address)) return undefined;
    const isItsOwn =
      creates(run.spec) && run.before === undefined && run.spec.subject === meaning.address;
    return isItsOwn ? undefined : `${meaning.address} vanishes by ${describeRun(run)}`;
  },
};

import { creates, describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import { isRemovedByHand } from '../scenarios/scenario.ts';

export const canStart: Invariant = {
  id: 'can-start',
  description: 'a disk that was made, grown or brought back can be opened by a machine',
  onDone(model, run) {
    const { spec } = run;
    const isUsed = creates(spec) || spec.kind === 'resize' || spec.kind === 'restore snapshot';
    if (!run.isAlone || !isUsed) return undefined;
    // A cluster believes for a while that whoever has died still has it open.
    if (model.world.stores.cluster !== undefined && model.faults.length > 0) return undefined;
    const disk = model.disks.get(spec.subject);
    if (disk === undefined || model.openByGuests.has(disk.inode)) return undefined;
    // What had nothing to do leaves the disk as it was: closed, after a power cut.
    const isSameSize = model.state(spec.subject)?.sizeBytes === run.before?.sizeBytes;
    if (spec.kind === 'resize' && isSameSize) return undefined;
    if (model.store.openable(spec.subject) !== undefined) return undefined;
    return `after ${describeRun(run)} no machine can open the disk`;
  },
  onRecovered(model) {
    const { world, faults, scenario } = model;
    if (world.stores.group === undefined) return undefined;
    // A host that was started anew has no volume active: whoever uses a disk next sees to that.
    const lostPower = faults.some(({ kind }) => kind === 'cut power');
    if (lostPower || scenario.losesPowerAtEnd === true) return undefined;
    // Somebody's own `lvremove` may have been killed when it had closed the disk.
    if (isRemovedByHand(scenario)) return undefined;
    for (const [address, { inode }] of model.disks) {
      if (model.openByGuests.has(inode) || model.store.openable(address) !== undefined) continue;
      return `no machine can open ${address}`;
    }
    return undefined;
  },
};

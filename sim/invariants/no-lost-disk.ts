import { creates, describeRun, removes, replaces } from '../model/expected.ts';
import type { Invariant, MeantChange } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import type { OperationRun } from '../model/operation-run.ts';
import { perModel } from '../model/per-model.ts';

/** Who made the disk that stands under an address. */
const makersOf = perModel(() => new Map<string, OperationRun | undefined>());

export const noLostDisk: Invariant = {
  id: 'no-lost-disk',
  description:
    'a disk goes only when it is destroyed, or when the operation that has just made it takes it back',
  onChange(model, change) {
    const { kind, meaning, run } = change;
    if (meaning.kind !== 'disk') return undefined;
    const { address } = meaning;
    if (kind === 'appear') remember(model, change, address);
    if (kind !== 'vanish' || run === undefined) return undefined;
    if (model.disks.has(address)) return undefined;
    if (model.isApart && model.homes.get(address) !== run.process.machine.index) {
      return `${address} of another host vanishes by ${describeRun(run)}`;
    }
    if (removes(run.spec, address)) return undefined;
    // One whose rename was broken off goes before the one that takes its place has the name.
    if (replaces(run.spec) && model.faults.length > 0) return undefined;
    if (isBeingDestroyed(model, address)) return undefined;
    // Where publishing is not one change, what was interrupted between its changes may be taken back.
    if (model.store.mayTakeBack === true && model.unsettled.has(address)) return undefined;
    const isItsOwn = creates(run.spec) && makersOf(model).get(address) === run;
    return isItsOwn ? undefined : `${address} vanishes by ${describeRun(run)}`;
  },
};

/** Whoever takes over from a removal carries it through. */
function isBeingDestroyed(model: Model, address: string): boolean {
  return model.runs.some(({ spec, outcome }) => removes(spec, address) && outcome === 'running');
}

/** What is put in the place of a disk is still that disk. */
function remember(model: Model, { run, replaced }: MeantChange, address: string): void {
  if (replaced !== undefined) return;
  makersOf(model).set(address, run);
}

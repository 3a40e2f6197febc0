import { creates, describeRun, parseSized, replaces, sizeOf } from '../model/expected.ts';
import type { Model } from '../model/model.ts';
import type { Invariant, MeantChange } from '../model/invariant.ts';
import { hostileImage } from '../model/cluster-names.ts';
import type { OperationRun } from '../model/operation-run.ts';
import { snapshotStates, stateOf, type DiskState } from '../model/view.ts';

export const wholeDisks: Invariant = {
  id: 'whole-disks',
  description: 'a disk appears whole, with the content and size that it is to have, or not at all',
  onChange(model, change) {
    if (change.kind !== 'appear' || change.meaning.kind !== 'disk') return undefined;
    const isNew = change.replaced === undefined || isOneAfterAnother(model, change);
    return isNew ? checkNew(model, change) : checkReplaced(model, change);
  },
};

function checkNew(model: Model, { meaning, run }: MeantChange): string | undefined {
  if (meaning.kind !== 'disk' || run === undefined) return undefined;
  const state = model.state(meaning.address);
  if (state === undefined) return `${meaning.address} appears and is no file`;
  if (isCarriedOn(model, meaning.address, run, state)) return undefined;
  if (!creates(run.spec)) return `${meaning.address} appears by ${describeRun(run)}`;
  if (!state.isSound) return `${meaning.address} appears unsound by ${describeRun(run)}`;
  if (run.spec.other === hostileImage) return `${meaning.address} is made of a hostile image`;
  const { source } = run;
  // The origin of a clone may have got another snapshot of that name meanwhile.
  const isCertain = run.spec.kind !== 'clone' || run.isExclusive;
  if (source === undefined || !isCertain) return undefined;
  if (state.guest !== source.bytes)
    return `${meaning.address} appears with another content, by ${describeRun(run)}`;
  const wanted = sizeOf(model, source, run.spec);
  if (state.sizeBytes === wanted) return undefined;
  return `${meaning.address} appears with ${state.sizeBytes} bytes instead of ${wanted}, by ${describeRun(run)}`;
}

/** Whoever comes next gives a finished image the name of the one that it was to take the place of. */
function isCarriedOn(
  model: Model,
  address: string,
  by: OperationRun,
  { guest, sizeBytes }: DiskState,
): boolean {
  return model.runs.some((run) => {
    const { source, spec } = run;
    if (run === by || !replaces(spec) || spec.subject !== address) return false;
    return source?.bytes === guest && sizeOf(model, source, spec) === sizeBytes;
  });
}

/** The former one keeps a name until the one that takes its place has its own. */
function isOneAfterAnother(model: Model, { meaning, replaced, inode }: MeantChange): boolean {
  if (meaning.kind !== 'disk' || replaced?.inode === inode) return false;
  return model.isReplaced(meaning.address);
}

/** A disk is replaced by its like (flattened), or by one of its snapshots. */
function checkReplaced(
  model: Model,
  { meaning, replaced, run, inode }: MeantChange,
): string | undefined {
  // One whose removal was cut off gets its own name back.
  if (meaning.kind !== 'disk' || replaced === undefined || replaced.inode === inode) {
    return undefined;
  }
  const { volume } = model.world;
  const before = stateOf(volume, replaced);
  const after = model.state(meaning.address);
  if (after === undefined) return undefined;
  // Whoever creates may first have finished somebody else's restoring.
  if (run !== undefined && creates(run.spec) && !model.isRestored(meaning.address))
    return `${meaning.address} is overwritten by ${describeRun(run)}`;
  if (after.guest === before.guest && after.sizeBytes === before.sizeBytes) return undefined;
  for (const state of snapshotStates(volume, replaced).values()) {
    const { bytes, sizeBytes } = parseSized(state);
    if (after.guest === bytes && after.sizeBytes === sizeBytes) return undefined;
  }
  return `${meaning.address} is replaced by what it never was`;
}

import { creates, describeRun, isTakenApart, removes, replaces } from '../model/expected.ts';
import type { Model } from '../model/model.ts';
import type { Invariant } from '../model/invariant.ts';
import type { OperationRun } from '../model/operation-run.ts';
import { perModel } from '../model/per-model.ts';
import { isUnknown, keepsContent, wasFinished } from '../model/touched.ts';
import type { DiskState } from '../model/view.ts';
import { hasVersions } from '../scenarios/web.ts';
import { expected, made, snapshotOf } from '../model/wanted.ts';

/** What an image may be once it is recovered; undefined stands for no image. */
type Possible = readonly (State | undefined)[];
/** Of what a guest has written since only the content is known: what is finished or undone may be a size or a snapshot. */
type State = DiskState | Pick<DiskState, 'guest'>;

/** By address; null where nobody can tell any more. */
const possible = perModel(() => new Map<string, Possible | null>());

export const allOrNothing: Invariant = {
  id: 'all-or-nothing',
  description: 'what was cut off is, once recovered, done completely or not at all',
  onInterrupted: cutOff,
  onFailed(model, run) {
    if (run.error !== undefined && wasFinished(run.error)) return settled(model, run);
    return run.error !== undefined && isUnknown(run.error) ? cutOff(model, run) : undefined;
  },
  onDone(model, run) {
    if (leavesOpen(model, run)) return leftOpen(model, run);
    const wrong = keptContent(run) ? checkContent(model, run) : undefined;
    settled(model, run);
    return wrong;
  },
  onPowerCut(model) {
    for (const [address, states] of possible(model)) {
      if (states?.some(isWritten) === true && isByName(model, address)) {
        possible(model).set(address, null);
      }
    }
    return undefined;
  },
  onRecovered(model) {
    for (const [address, states] of possible(model)) {
      if (states === null || isTakenApart(model, address)) continue;
      const now = model.state(address);
      if (states.some((state) => isSame(now, state))) continue;
      const run = model.runs.findLast(({ addresses }) => addresses?.[0] === address);
      const what = run === undefined ? address : describeRun(run);
      return `after ${what} was cut off and recovered, ${address} is neither as before nor as wanted`;
    }
    return undefined;
  },
};

/** Whoever comes next deals first with what was cut off, and changes no content itself. */
function keptContent({ spec, isExclusive, result }: OperationRun): boolean {
  const isDone = typeof result !== 'object' || result === null || !('done' in result);
  return keepsContent(spec) && isExclusive && isDone;
}

function checkContent(model: Model, { addresses: [address = ''] = [] }: OperationRun) {
  const states = possible(model).get(address) ?? [];
  const now = model.state(address);
  if (states.length === 0 || states.some((state) => state?.guest === now?.guest)) return undefined;
  return `${address} holds what it held neither before what was cut off nor after it`;
}

/** What came of it is known, and another invariant's matter. */
function settled(model: Model, { addresses = [] }: OperationRun): undefined {
  const [address] = addresses;
  if (address !== undefined) possible(model).delete(address);
  return undefined;
}

/** A guest that writes, or somebody whose `lvremove` was refused, perhaps when it had removed the snapshots. */
function leavesOpen(model: Model, { spec }: OperationRun): boolean {
  const isRemoval = spec.kind === 'remove by hand';
  return spec.kind === 'guest write' || (isRemoval && model.disks.has(spec.subject));
}

function isWritten(state: State | undefined): boolean {
  return state !== undefined && !('sizeBytes' in state);
}

/**
 * What was cut off puts a file in the place of another. Where that is not durable a power cut takes it back, with all that
 * a machine has written there which was started before anybody had recovered the disk.
 */
function isByName({ runs, scenario }: Model, address: string): boolean {
  const cut = runs.findLast(({ addresses, outcome, spec }) => {
    return addresses?.[0] === address && outcome === 'interrupted' && spec.kind !== 'guest write';
  });
  return scenario.backend !== 'qcow2' || cut?.spec.kind === 'flatten';
}

/** What it was before is over; what was cut off before is still to be carried through, but not over what a guest wrote. */
function leftOpen(model: Model, run: OperationRun): undefined {
  const { addresses: [address = ''] = [], spec, isExclusive } = run;
  if (!possible(model).has(address)) return undefined;
  const state = model.state(address);
  const isKept = spec.kind === 'guest write' && isExclusive && model.store.restoresAnew !== true;
  possible(model).set(address, isKept && state !== undefined ? [{ guest: state.guest }] : null);
  return undefined;
}

function cutOff(model: Model, run: OperationRun): undefined {
  const [address] = run.addresses ?? [];
  if (address === undefined) return undefined;
  const known = possible(model);
  const before = known.get(address) ?? (known.has(address) ? null : [run.before]);
  // What a guest has not synced may be lost, and two at once may come in any order.
  const isUncertain = hasVersions(model.scenario, run.spec.other ?? '');
  if (before === null || !run.isExclusive || isUncertain || run.spec.kind === 'guest write') {
    known.set(address, null);
  } else {
    known.set(address, [...before, ...before.flatMap((state) => after(model, run, state))]);
  }
  return undefined;
}

function after(model: Model, run: OperationRun, before: State | undefined): Possible {
  const { source, spec } = run;
  const isMade = creates(spec) && source !== undefined;
  if (replaces(spec)) return isMade ? [made(model, source, run)] : [before];
  if (removes(spec, spec.subject)) return [undefined];
  if (before !== undefined && 'sizeBytes' in before) return [expected(model, run, before)];
  if (before !== undefined) return restored(run);
  return [isMade ? made(model, source, run) : undefined];
}

/** Of a disk of which only the content is known: what the snapshot holds, if it is to be restored. */
function restored({ before, spec }: OperationRun): Possible {
  if (spec.kind !== 'restore snapshot' || before === undefined) return [];
  const kept = snapshotOf(before, spec.other ?? '');
  return kept === undefined ? [] : [{ guest: kept.bytes }];
}

function isSame(a: DiskState | undefined, b: State | undefined): boolean {
  if (b !== undefined && !('sizeBytes' in b)) return a?.guest === b.guest;
  return a?.sizeBytes === b?.sizeBytes && a?.guest === b?.guest && a?.snapshots === b?.snapshots;
}

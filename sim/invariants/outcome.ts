import { creates, describeRun, removes, replaces } from '../model/expected.ts';
import { expected, made } from '../model/wanted.ts';
import type { Model } from '../model/model.ts';
import type { Invariant } from '../model/invariant.ts';
import type { OperationRun } from '../model/operation-run.ts';
import type { DiskState } from '../model/view.ts';
import { losesStore } from '../scenarios/scenario.ts';

export const outcome: Invariant = {
  id: 'outcome',
  description: 'what succeeds, and was not disturbed, has brought about exactly what was asked for',
  onDone(model, run) {
    if (!run.isAlone || run.addresses === undefined || run.addresses.length === 0) return undefined;
    if (isNotDone(run) || run.spec.kind === 'remove by hand') return undefined;
    // A disk reads as it did before once the template that it leans on is back.
    if (run.before !== undefined && losesStore(model.scenario)) return undefined;
    // It is about an image of a service, and through which disk does not matter.
    if (run.spec.kind === 'clean up image' && run.before === undefined) return undefined;
    // To want a disk where somebody else has put one is to have that.
    if (run.spec.kind === 'cache' && model.store.isTaken?.(run.spec.subject) === true)
      return undefined;
    const wrong = check(model, run, run.before, model.state(run.spec.subject));
    return wrong === undefined ? undefined : `after ${describeRun(run)} ${wrong}`;
  },
};

/** Snapshot calls on a filesystem without snapshots do nothing, and say so. */
function isNotDone({ result }: OperationRun): boolean {
  return typeof result === 'object' && result !== null && 'done' in result && result.done === false;
}

function check(
  model: Model,
  run: OperationRun,
  before: DiskState | undefined,
  after: DiskState | undefined,
): string | undefined {
  const { spec } = run;
  if (removes(spec, spec.subject))
    return after === undefined ? undefined : 'the disk is still there';
  if (spec.kind === 'guest write') return undefined;
  if (after === undefined) return 'the disk is not there';
  if (!after.isSound) return 'the disk is damaged';
  if (before === undefined || replaces(spec)) {
    if (!creates(spec)) return 'there is a disk where there was none';
    if (run.source === undefined) return undefined;
    if (after.sizeBytes < run.source.sizeBytes) return 'it is smaller than what it is made of';
    return same(after, made(model, run.source, run));
  }
  return same(after, expected(model, run, before));
}

export function same(after: DiskState, wanted: DiskState): string | undefined {
  if (after.sizeBytes !== wanted.sizeBytes)
    return `it has ${after.sizeBytes} bytes instead of ${wanted.sizeBytes}`;
  if (after.guest !== wanted.guest) return 'it has another content';
  if (after.snapshots !== wanted.snapshots) return 'it has other snapshots';
  return undefined;
}

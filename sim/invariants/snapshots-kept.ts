import { isTakenApart } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import type { OperationRun } from '../model/operation-run.ts';
import { perModel } from '../model/per-model.ts';
import { snapshotStates } from '../model/view.ts';
import type { OperationSpec } from '../scenarios/scenario.ts';
import type { Inode } from '../volume/inode.ts';

export const snapshotsKept: Invariant = {
  id: 'snapshots-kept',
  description: 'a snapshot that was taken is there until it is deleted, or the disk goes with it',
  onDone(model, run) {
    const { kind, subject, other = '' } = run.spec;
    const view = model.disks.get(subject);
    if (kind !== 'create snapshot' || view === undefined) return undefined;
    // Where there are none, there is none that could go.
    if (!snapshotStates(model.world.volume, view).has(other)) return undefined;
    const over = new Set(
      model.runs.filter((one) => deletes(one, run.spec) && /done|failed/.test(one.outcome)),
    );
    takenOf(model).set(`${subject}@${other}`, { run, disk: view.inode, over });
    return undefined;
  },
  onRecovered(model) {
    for (const [name, taken] of takenOf(model)) {
      if (isLost(model, taken)) return `${name} is gone, and its disk is there`;
    }
    return undefined;
  },
};

interface Taken {
  readonly run: OperationRun;
  readonly disk: Inode;
  /** Deletions of such a snapshot that had come to their end before it was taken. */
  readonly over: ReadonlySet<OperationRun>;
}

/** By `vm1/disk@s1`: the last one of the name. */
const takenOf = perModel(() => new Map<string, Taken>());

function isLost(model: Model, { run, disk, over }: Taken): boolean {
  const { disks, runs, store, world } = model;
  const { subject, other = '' } = run.spec;
  // Machines can start on it after the last look for them, by the name that it could not lose.
  if (store.keepsTwoNames?.(subject) === true || isTakenApart(model, subject)) return false;
  const view = disks.get(subject);
  // Another disk of the name has snapshots of its own.
  if (view?.inode !== disk || snapshotStates(world.volume, view).has(other)) return false;
  return !runs.some((one) => deletes(one, run.spec) && !over.has(one));
}

/** Whoever removes the disk by hand may get no further than its snapshots. */
function deletes({ spec }: OperationRun, { subject, other }: OperationSpec): boolean {
  if (spec.subject !== subject) return false;
  return (
    (spec.kind === 'delete snapshot' && spec.other === other) || spec.kind === 'remove by hand'
  );
}

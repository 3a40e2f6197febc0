/**
 * `lvconvert --merge`. Recorded in fixtures/lvm-2.03/thin-merge.json and classic-merge.json: of thin volumes one change of
 * metadata; of others the kernel copies back, which whoever reads the origin does not notice, and a command that looks
 * every 15 s takes the snapshot away in the end.
 */
import type { LogicalVolume } from '../../volume-group/logical-volume.ts';
import { LvmFailure } from './failure.ts';
import type { LvmSession, LvmSteps } from './session.ts';

const pollMs = 15_000;

export function* lvconvert(session: LvmSession): LvmSteps {
  const { options } = session;
  const isSplit = options.flags.has('splitsnapshot');
  if (!options.flags.has('merge') && !isSplit) {
    throw new LvmFailure(['No command with matching syntax recognised.'], 3);
  }
  yield { name: 'read metadata', subject: options.words.join(' '), takesMs: 20 };
  yield* session.lock();
  for (const word of options.words) {
    try {
      const snapshot = session.find(word);
      if (isSplit) yield* split(session, snapshot);
      else yield* merge(session, snapshot);
    } catch (error) {
      if (!(error instanceof LvmFailure)) throw error;
      session.fail(error);
    }
  }
}

function* merge(session: LvmSession, snapshot: LogicalVolume): LvmSteps {
  const { origin } = snapshot;
  const name = session.fullName(snapshot);
  if (origin === undefined) throw new LvmFailure([`${name} is not a mergeable logical volume.`]);
  if (snapshot.isInvalid) {
    throw new LvmFailure([`Unable to merge invalidated snapshot LV ${name}.`]);
  }
  if (origin.isActive && origin.isOpen) return yield* delayMerge(session, snapshot, origin);
  if (snapshot.kind === 'thin') yield* mergeThin(session, snapshot, origin);
  else yield* mergeClassic(session, snapshot, origin);
}

/** Exit status 0, and nothing merged: that comes when the origin is activated next. */
function* delayMerge(
  session: LvmSession,
  snapshot: LogicalVolume,
  origin: LogicalVolume,
): LvmSteps {
  const name = session.fullName(origin);
  session.say('Delaying merge since origin volume is open.');
  yield* session.commit(snapshot);
  snapshot.isMerging = true;
  session.group.removeNodes(snapshot);
  snapshot.isActive = false;
  session.warn(`Logical volume ${name} in use.`);
  session.say(
    `Merging of ${snapshot.kind === 'thin' ? 'thin ' : ''}snapshot ${session.fullName(snapshot)} will occur on next activation of ${name}.`,
  );
}

function* mergeThin(session: LvmSession, snapshot: LogicalVolume, origin: LogicalVolume): LvmSteps {
  const wasActive = origin.isActive;
  yield* session.deactivate(snapshot);
  yield* session.deactivate(origin);
  yield* session.commit(origin);
  session.group.mergeThin(snapshot, origin);
  yield { name: 'delete thin device', subject: session.fullName(origin) };
  if (wasActive) yield* session.activate(origin);
  session.say(`Volume ${session.fullName(snapshot)} replaced origin ${session.fullName(origin)}.`);
}

function* mergeClassic(
  session: LvmSession,
  snapshot: LogicalVolume,
  origin: LogicalVolume,
): LvmSteps {
  yield* session.commit(snapshot);
  const { content } = snapshot;
  snapshot.isMerging = true;
  session.group.removeNodes(snapshot);
  snapshot.isActive = false;
  for (const other of origin.snapshots) if (other !== snapshot) other.store.add(0);
  origin.replace({ ...content, sizeBytes: origin.content.sizeBytes });
  origin.durable = origin.content;
  session.say(`Merging of volume ${session.fullName(snapshot)} started.`);
  yield { name: 'wait for merge', subject: session.fullName(origin), takesMs: pollMs };
  yield* finishMerge(session, snapshot);
}

/** The store becomes a volume of its own: what it holds can be cleared then. */
function* split(session: LvmSession, snapshot: LogicalVolume): LvmSteps {
  const name = session.fullName(snapshot);
  if (snapshot.kind !== 'classic') throw new LvmFailure([`${name} is not a snapshot.`]);
  session.requireClosed(snapshot);
  yield* session.commit(snapshot);
  session.group.split(snapshot);
  session.say(`Logical Volume ${name} split from its origin.`);
}

export function* finishMerge(session: LvmSession, snapshot: LogicalVolume): LvmSteps {
  const { origin } = snapshot;
  yield { name: 'finish merge', subject: session.fullName(snapshot) };
  session.group.remove(snapshot);
  if (origin === undefined) return;
  session.say(`${session.fullName(origin)}: Merged: 100.00%`);
  session.say(`Merge of snapshot into logical volume ${session.fullName(origin)} has finished.`);
  session.say(`Logical volume "${snapshot.name}" successfully removed.`);
}

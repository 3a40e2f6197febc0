/** Snapshots and growth of ploop disks (B124). */
import { PlatterError } from '../../errors.ts';
import type { Random } from '../../ports/random.ts';
import type { Step } from '../../operations/step.ts';
import {
  ploopGrow,
  ploopSnapshot,
  ploopSnapshotDelete,
  ploopSnapshotSwitch,
} from '../../tools/ploop/argv.ts';
import type { ImageFacts, SnapshotFacts } from '../driver.ts';
import { changeStep, type PloopChange } from './change.ts';
import type { Descriptor, ShotNote } from './descriptor.ts';

/** Identifiers of ploop: without braces on the command line, with them in descriptors. */
function newUuid(random: Random): string {
  const digits = `${random.id()}${random.id()}`;
  const parts = [[0, 8], [8, 12], [12, 16], [16, 20], [20]] as const;
  return parts.map(([from, to]) => digits.slice(from, to)).join('-');
}

const uuidOf = (guid: string) => guid.replace(/[{}]/g, '');

/** Names stay with their snapshots, whatever became of the images. */
function withNotes(
  made: Descriptor,
  before: Descriptor,
  added: Readonly<Record<string, ShotNote>> = {},
): Descriptor {
  const note = (guid: string) =>
    added[guid] ?? before.shots.find((shot) => shot.guid === guid)?.note;
  return {
    ...made,
    shots: made.shots.map((shot) => ({
      ...shot,
      note: shot.isTemporary ? undefined : note(shot.guid),
    })),
  };
}

export function growth(sizeBytes: number): PloopChange {
  return {
    description: `grow it to ${sizeBytes} bytes`,
    action: 'grow the disk',
    operation: 'grow',
    sizeBytes,
    command: (descriptor) => ploopGrow(descriptor, sizeBytes),
    complete: (made, before) => withNotes(made, before),
  };
}

export function createSnapshotStep(
  facts: ImageFacts,
  name: string,
  { random, now }: { random: Random; now: () => number },
): Step {
  const uuid = newUuid(random);
  const guid = `{${uuid}}`;
  return changeStep(facts, {
    description: `take snapshot ${name}`,
    action: 'take the snapshot',
    operation: 'snapshot create',
    guid,
    command: (descriptor) => ploopSnapshot(descriptor, uuid),
    complete(made, before) {
      // Whoever had the lock before this operation may have been faster.
      if (before.shots.some(({ note }) => note?.name === name)) {
        throw new PlatterError('ALREADY_EXISTS', `there is a snapshot "${name}" already`);
      }
      const createdAt = new Date(now()).toISOString();
      return withNotes(made, before, { [guid]: { name, sizeBytes: before.sizeBytes, createdAt } });
    },
  });
}

/** ploop leaves the size in the descriptor as it was, although the new top has the snapshot's. */
export function restoreSnapshotStep(facts: ImageFacts, snapshot: SnapshotFacts): Step {
  return changeStep(facts, {
    description: `bring back snapshot ${snapshot.name}`,
    action: 'restore the snapshot',
    operation: 'snapshot restore',
    guid: snapshot.id,
    command: (descriptor) => ploopSnapshotSwitch(descriptor, uuidOf(snapshot.id)),
    complete: (made, before) => ({
      ...withNotes(made, before),
      sizeBytes: snapshot.sizeBytes,
    }),
  });
}

export function deleteSnapshotStep(facts: ImageFacts, { id, name }: SnapshotFacts): Step {
  return changeStep(facts, { ...deletion(id), description: `remove snapshot ${name}` });
}

export function deletion(guid: string): PloopChange {
  return {
    description: `remove snapshot ${guid}`,
    action: 'remove the snapshot',
    operation: 'snapshot delete',
    guid,
    command: (descriptor) => ploopSnapshotDelete(descriptor, uuidOf(guid)),
    complete: (made, before) => withNotes(made, before),
  };
}

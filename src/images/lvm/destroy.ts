/** Removes a disk with its snapshots. The disk is gone by one rename; then it is cleared, and only then removed. */
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import { deactivate, lvremove, lvrename } from '../../tools/lvm/argv.ts';
import { tidy } from '../../workspace/area.ts';
import { forgetTaken } from '../../workspace/taken-away.ts';
import { completeIntent, type Intent, type Workspace } from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { closeAnyMap, keyToReopen, openMap } from './crypt.ts';
import { snapshotsOf } from './facts.ts';
import { begin, idOf, keyIn } from './intent.ts';
import { isSparsePool, removedName } from './names.ts';
import {
  readGroup,
  requireNoDependents,
  requireZeroing,
  volumeNamed,
  type Clearing,
  type Place,
} from './place.ts';
import { removeClassicSnapshot, removeEmptyPool, removeVolume } from './remove.ts';
import { activateVolume, changeVolumes } from './run.ts';
import { requireImageVolume } from './snapshots.ts';

export async function destroySteps(
  place: Place,
  { address, recordId }: ImageFacts,
  { wipe }: { wipe: boolean },
): Promise<readonly Step[]> {
  const { group, host, config } = place;
  const state = await readGroup(place, host);
  const disk = requireImageVolume(state, address);
  const pool = volumeNamed(state, disk.pool);
  const configured = config.lvm.volumeClear;
  const clearing: Clearing = wipe && configured === 'none' ? 'zero' : configured;
  requireZeroing(pool, clearing);
  const ownPool = pool !== undefined && isSparsePool(config, pool) ? pool.name : undefined;
  const key = await keyToReopen(place, place, disk);
  const kept = snapshotsOf(state, address).map(({ volume }) => volume);
  const snapshots = kept.map(({ name }) => name);
  for (const volume of [disk, ...kept]) requireNoDependents(state, volume, snapshots);
  // Classic ones go down with their disk.
  const inPool = kept.filter(({ kind }) => kind === 'thin');
  return [
    {
      description: `make sure that nothing uses ${disk.name}, and take its name away`,
      async run(session) {
        const { workspace } = session;
        const details = { volume: disk.name, snapshots, clearing, recordId, ownPool, key };
        await begin(session, state, 'lvm destroy', details);
        for (const volume of [disk, ...inPool]) await closeAnyMap(place, session, volume);
        await changeVolumes(place, session, workspace, {
          action: 'take the disk away',
          commands: [
            // Refused while anything has one of them open.
            ...[disk, ...inPool].map(({ name }) => deactivate(group, name)),
            lvrename(group, disk.name, removedName(workspace.id)),
          ],
        });
        await forgetTaken(session.host.filesystem, workspace, recordId);
      },
    },
    {
      description:
        clearing === 'none'
          ? 'remove it'
          : `clear it (${clearing}) and its snapshots, and remove it`,
      bytes: clearing === 'none' ? 0 : disk.sizeBytes,
      async run(session) {
        const { workspace } = session;
        const { id } = workspace;
        await removeAll(place, session, workspace, { id, snapshots, clearing, ownPool });
        await completeIntent(session.host.filesystem, workspace);
        await forget(session);
      },
    },
  ];
}

/** The disk is gone: what cannot be cleared up now is of no use to anybody, and the next operation removes it. */
async function forget({ host, workspace }: Session): Promise<void> {
  try {
    await host.filesystem.removeTree(workspace.path);
    await tidy(host.filesystem, workspace.directory);
  } catch (error) {
    host.events.emit({ type: 'warning', message: `cannot clear up after it: ${String(error)}` });
  }
}

interface Remains {
  /** Of the operation that took the disk away. */
  readonly id: string;
  readonly snapshots: readonly string[];
  readonly clearing: Clearing;
  /** The pool that was made for the disk alone. */
  readonly ownPool: string | undefined;
}

/** Snapshots first: what is written to a disk would go to their stores. */
async function removeAll(
  place: Place,
  session: Session,
  workspace: Workspace,
  { id, snapshots, clearing, ownPool }: Remains,
): Promise<void> {
  for (const name of snapshots) {
    const state = await readGroup(place, session.host);
    const volume = volumeNamed(state, name);
    if (volume === undefined) continue;
    requireNoDependents(state, volume);
    await closeAnyMap(place, session, volume);
    if (volume.kind === 'thin') {
      const commands = [lvremove(place.group, name)];
      await changeVolumes(place, session, workspace, { action: 'remove a snapshot', commands });
    } else {
      await removeClassicSnapshot(place, session, workspace, volume, clearing);
    }
  }
  const group = await readGroup(place, session.host);
  const volume = volumeNamed(group, removedName(id));
  if (volume !== undefined) {
    await removeVolume(place, session, workspace, { volume, group, clearing });
  } else if (ownPool !== undefined) {
    // It goes after its disk, by a second change of the group.
    await removeEmptyPool(place, session, workspace, ownPool);
  }
}

/** Before the rename nothing was done; after it the disk is gone, and what is left of it goes too. */
export async function recoverDestruction(
  place: Place,
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  const id = idOf(intent);
  const group = await readGroup(place, session.host);
  const disk = volumeNamed(group, String(intent['volume']));
  if (disk !== undefined && volumeNamed(group, removedName(id)) === undefined) {
    await activateVolume(place, session, leftover, disk.name);
    const key = keyIn(place, intent, disk);
    if (key !== undefined) await openMap(place, session, disk.name, key);
    return 'undone';
  }
  const recordId = typeof intent['recordId'] === 'string' ? intent['recordId'] : null;
  await forgetTaken(session.host.filesystem, leftover, recordId);
  const snapshots = (intent['snapshots'] as readonly string[] | undefined) ?? [];
  const clearing = intent['clearing'] as Clearing;
  const ownPool = typeof intent['ownPool'] === 'string' ? intent['ownPool'] : undefined;
  await removeAll(place, session, leftover, { id, snapshots, clearing, ownPool });
  return 'finished';
}

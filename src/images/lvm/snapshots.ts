/** Snapshots of volumes: thin ones share the pool of their disk, classic ones have a store in the group. */
import { formatAddress } from '../../names.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import type { Command } from '../../ports/executor.ts';
import { roundUp } from '../../sizes.ts';
import {
  activate,
  createClassicSnapshot,
  createThinSnapshot,
  lvremove,
} from '../../tools/lvm/argv.ts';
import type { Volume, VolumeGroup } from '../../tools/lvm/report.ts';
import {
  abandonIntent,
  completeIntent,
  type Intent,
  type Workspace,
} from '../../workspace/workspace.ts';
import { PlatterError } from '../../errors.ts';
import type { ImageFacts, SnapshotFacts } from '../driver.ts';
import { closeAnyMap, keyOf } from './crypt.ts';
import { keyTags } from './disk-key.ts';
import { imageVolume, snapshotsOf } from './facts.ts';
import { begin } from './intent.ts';
import { snapshotName, tag, tagOf } from './names.ts';
import {
  readGroup,
  requireGroupRoom,
  requireNoDependents,
  requirePool,
  requirePoolRoom,
  requireZeroing,
  volumeNamed,
  type Place,
} from './place.ts';
import { removeClassicSnapshot } from './remove.ts';
import { activateVolume, changeVolumes } from './run.ts';

/** What a classic snapshot can ever need: each chunk of 4 KiB, and 16 bytes of table for it. LVM cuts off what is too much. */
function storeBytes(sizeBytes: number, extentBytes: number): number {
  return roundUp(sizeBytes + Math.ceil(sizeBytes / 256), extentBytes) + extentBytes;
}

export async function createSnapshotSteps(
  place: Place,
  { address }: ImageFacts,
  name: string,
): Promise<readonly Step[]> {
  const group = await readGroup(place, place.host);
  const volume = requireImageVolume(group, address);
  const key = await keyOf(place, place, volume);
  const number = (snapshotsOf(group, address).at(-1)?.number ?? 0) + 1;
  const store = storeBytes(volume.sizeBytes, group.extentBytes);
  if (volume.kind === 'thin') requirePoolRoom(requirePool(group, volume.pool), 0);
  else requireGroupRoom(group, store - group.extentBytes);
  return [
    {
      description: `take a ${volume.kind === 'thin' ? 'thin' : 'classic'} snapshot of ${volume.name}`,
      async run(session) {
        const { host, workspace } = session;
        const snapshot = {
          group: group.name,
          name: snapshotName(workspace.id),
          origin: volume.name,
          tags: [
            tag('snapshot', name),
            tag('number', number),
            tag('at', host.clock.now()),
            tag('size', volume.sizeBytes),
            ...keyTags(key),
            // The last one, where they come one by one: it is what makes it a snapshot of the disk.
            tag('of', formatAddress(address)),
          ],
        };
        const commands: readonly Command[] =
          volume.kind === 'thin'
            ? createThinSnapshot({ ...snapshot, permission: 'r' })
            : [
                activate(group.name, volume.name),
                ...createClassicSnapshot({ ...snapshot, storeBytes: store }),
              ];
        const names = { volume: snapshot.name, origin: volume.name };
        await begin(session, group, 'lvm snapshot create', names);
        const change = { action: 'take the snapshot', commands };
        await changeVolumes(place, session, workspace, change);
        await completeIntent(host.filesystem, workspace);
      },
    },
  ];
}

export function requireImageVolume(group: VolumeGroup, address: ImageFacts['address']): Volume {
  const volume = imageVolume(group, address);
  if (volume !== undefined) return volume;
  throw new PlatterError('NOT_FOUND', `the volume of ${formatAddress(address)} has gone meanwhile`);
}

/**
 * What is not whole is removed: a classic one that was killed may be no snapshot yet. LVM that was killed has left the
 * disk suspended (killed-thin-snapshot-active.json), and so whatever machine uses it.
 */
export async function recoverSnapshotCreation(
  place: Place,
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  const { group } = place;
  const state = await readGroup(place, session.host);
  const origin = volumeNamed(state, String(intent['origin']));
  if (origin !== undefined) {
    await activateVolume(place, session, leftover, origin.name);
  }
  const volume = volumeNamed(state, String(intent['volume']));
  if (volume === undefined) return 'undone';
  const isSnapshot = volume.kind === 'thin' || volume.kind === 'snapshot';
  // Its last tag: then it has all.
  if (isSnapshot && tagOf(volume, 'of') !== undefined) return 'finished';
  if (volume.kind === 'thin') {
    const commands = [lvremove(group, volume.name)];
    await changeVolumes(place, session, leftover, { action: 'remove half a snapshot', commands });
  } else {
    // What was written to its disk since has put former content into its store.
    await removeClassicSnapshot(place, session, leftover, volume);
  }
  return 'undone';
}

export async function deleteSnapshotSteps(
  place: Place,
  _facts: ImageFacts,
  { id, name }: SnapshotFacts,
): Promise<readonly Step[]> {
  const group = await readGroup(place, place.host);
  const volume = volumeNamed(group, id);
  if (volume?.kind === 'thin') {
    requireZeroing(requirePool(group, volume.pool), place.config.lvm.volumeClear);
  }
  return [
    {
      description: `remove snapshot ${name}`,
      async run(session) {
        const { host, workspace } = session;
        await begin(session, group, 'lvm snapshot delete', { volume: id });
        try {
          await removeSnapshot(place, session, workspace, id);
        } catch (error) {
          // It is not to go later, when whoever uses it has done, nor is all else to wait for that.
          if (await isRefused(place, session, error, id)) {
            await abandonIntent(host.filesystem, workspace);
          }
          throw error;
        }
        await completeIntent(host.filesystem, workspace);
      },
    },
  ];
}

/** Whether LVM has not begun to remove a snapshot, for it is in use: a classic one is still one then. */
async function isRefused(
  place: Place,
  { host }: Session,
  error: unknown,
  name: string,
): Promise<boolean> {
  if (!PlatterError.is(error) || error.code !== 'IN_USE') return false;
  const volume = volumeNamed(await readGroup(place, host), name);
  return volume?.kind === 'thin' || volume?.kind === 'snapshot';
}

export async function recoverSnapshotDeletion(
  place: Place,
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  await removeSnapshot(place, session, leftover, String(intent['volume']));
  return 'finished';
}

/** That it is gone already is fine. */
async function removeSnapshot(
  place: Place,
  session: Session,
  workspace: Workspace,
  name: string,
): Promise<void> {
  const state = await readGroup(place, session.host);
  const volume = volumeNamed(state, name);
  if (volume === undefined) return;
  requireNoDependents(state, volume);
  // An export that was killed may have left it mapped.
  await closeAnyMap(place, session, volume);
  if (volume.kind !== 'thin') return removeClassicSnapshot(place, session, workspace, volume);
  const commands = [lvremove(place.group, name)];
  await changeVolumes(place, session, workspace, { action: 'remove the snapshot', commands });
}

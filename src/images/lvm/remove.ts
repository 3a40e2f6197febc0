/** Removes volumes, cleared before their space can be anybody else's (B079, B080). What cannot be cleared stays. */
import { PlatterError } from '../../errors.ts';
import type { Session } from '../../operations/step.ts';
import { activate, lvremove, setPermission, splitSnapshot } from '../../tools/lvm/argv.ts';
import type { Volume, VolumeGroup } from '../../tools/lvm/report.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { clearContent, discardContent } from './content.ts';
import { closeAnyMap } from './crypt.ts';
import { devicePath, isSparsePool } from './names.ts';
import {
  readGroup,
  requireNoDependents,
  requireZeroing,
  volumeNamed,
  type Clearing,
  type Place,
} from './place.ts';
import { activateVolume, changeVolumes } from './run.ts';

/** A volume without snapshots, which nothing else knows any more; with the pool that was made for it alone. */
export async function removeVolume(
  place: Place,
  session: Session,
  workspace: Workspace,
  { volume, group, clearing }: { volume: Volume; group: VolumeGroup; clearing: Clearing },
): Promise<void> {
  const { name } = volume;
  const device = devicePath(place.group, name);
  const pool = volumeNamed(group, volume.pool);
  requireZeroing(pool, clearing);
  // What clearing writes would go to their stores.
  requireNoDependents(group, volume);
  await closeAnyMap(place, session, volume);
  const activation = () =>
    activateVolume(place, session, workspace, name, {
      action: 'activate what is to be removed',
      // A template is read-only before it is published.
      before: volume.isReadOnly ? [setPermission(place.group, name, 'rw')] : [],
    });
  if (volume.kind === 'thin') {
    if (clearing !== 'none' && (await isActivated(activation))) {
      await discardContent(session, device);
    }
  } else {
    await activation();
    await clearContent(place, session, device, { sizeBytes: volume.sizeBytes, clearing });
  }
  const now = await readGroup(place, session.host);
  requireNoDependents(now, volume);
  const users = now.volumes.filter((other) => other.pool === volume.pool && other.name !== name);
  const isLast = pool !== undefined && isSparsePool(place.config, pool) && users.length === 0;
  await changeVolumes(place, session, workspace, {
    action: 'remove the volume',
    commands: [lvremove(place.group, name), ...(isLast ? [lvremove(place.group, pool.name)] : [])],
  });
}

/**
 * What cannot be activated has nothing to discard: LVM was killed before its pool was told of it (killed-thin-snapshot.json,
 * effect 4). Its blocks, if it has any, go back to the pool with it, and the pool zeroes them.
 */
async function isActivated(activation: () => Promise<void>): Promise<boolean> {
  try {
    await activation();
    return true;
  } catch (error) {
    if (PlatterError.is(error) && error.code === 'TOOL_FAILED') return false;
    throw error;
  }
}

/** Its store holds content of its disk: it is split off and cleared. That may have happened in part already. */
export async function removeClassicSnapshot(
  place: Place,
  session: Session,
  workspace: Workspace,
  volume: Volume,
  clearing: Clearing = place.config.lvm.volumeClear,
): Promise<void> {
  const { name, sizeBytes, kind, origin, isReadOnly } = volume;
  const { group } = place;
  await activateVolume(place, session, workspace, name, {
    action: 'split off the snapshot',
    before: [
      // Overflowed or not, the origin has to be active for a snapshot to be taken off it.
      ...(kind === 'snapshot' ? [activate(group, origin), splitSnapshot(group, name)] : []),
      ...(isReadOnly ? [setPermission(group, name, 'rw')] : []),
    ],
  });
  await clearContent(place, session, devicePath(group, name), { sizeBytes, clearing });
  await changeVolumes(place, session, workspace, {
    action: 'remove the snapshot',
    commands: [lvremove(group, name)],
  });
}

/** A pool that was made for one disk alone, and has none: disks that were cloned from that one share it. */
export async function removeEmptyPool(
  place: Place,
  session: Session,
  workspace: Workspace,
  name: string,
): Promise<void> {
  const group = await readGroup(place, session.host);
  const isUsed = group.volumes.some((volume) => volume.pool === name);
  if (volumeNamed(group, name) === undefined || isUsed) return;
  const commands = [lvremove(place.group, name)];
  await changeVolumes(place, session, workspace, { action: 'remove an empty pool', commands });
}

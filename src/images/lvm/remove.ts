/** Removes volumes, cleared before their space can be anybody else's (B079, B080). What cannot be cleared stays. */
import { PlatterError } from '../../errors.ts';
import type { Session } from '../../operations/step.ts';
import {
  activate,
  createThin,
  lvextend,
  lvremove,
  setPermission,
  splitSnapshot,
} from '../../tools/lvm/argv.ts';
import type { Volume, VolumeGroup } from '../../tools/lvm/report.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import { clearContent, discardContent, overwrite } from './content.ts';
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
  let isThere = true;
  if (volume.kind !== 'thin') {
    await activation();
    await clearContent(place, session, device, { sizeBytes: volume.sizeBytes, clearing });
  } else if (clearing !== 'none') {
    isThere = await isActivated(activation);
    if (isThere) await discardContent(session, device);
  }
  const now = await readGroup(place, session.host);
  requireNoDependents(now, volume);
  const users = now.volumes.filter((other) => other.pool === volume.pool && other.name !== name);
  const isLast = pool !== undefined && isSparsePool(place.config, pool) && users.length === 0;
  if (isLast && clearing !== 'none') {
    if (!isThere) await makeAnew(place, session, workspace, volume);
    await overwritePool(place, session, workspace, { volume: name, pool: pool.name, clearing });
  }
  await changeVolumes(place, session, workspace, {
    action: 'remove the volume',
    commands: [lvremove(place.group, name), ...(isLast ? [lvremove(place.group, pool.name)] : [])],
  });
}

/**
 * The extents of a pool go back to the group as they are: with what its last disk held, and whatever else was in it before and
 * was discarded. All of it is overwritten, for nobody knows which of its blocks a disk had: through that disk, which is empty
 * and has the pool for itself by now, so that each block that is written takes another of the pool's, until there is none left.
 * The limit of what is cleared counts from the beginning of a disk, and there is none in a pool.
 */
async function overwritePool(
  place: Place,
  session: Session,
  workspace: Workspace,
  names: { volume: string; pool: string; clearing: 'zero' | 'shred' },
): Promise<void> {
  const { volume, pool, clearing } = names;
  const { group } = place;
  let doneBytes = 0;
  for (;;) {
    const state = await readGroup(place, session.host);
    const sizeBytes = volumeNamed(state, pool)?.sizeBytes ?? 0;
    // dmeventd may have extended it, as it does with pools that fill up: then it has blocks that were left out.
    if (sizeBytes <= doneBytes) return;
    if ((volumeNamed(state, volume)?.sizeBytes ?? 0) < sizeBytes) {
      await changeVolumes(place, session, workspace, {
        action: 'clear the pool',
        commands: [lvextend(group, volume, sizeBytes)],
      });
    }
    await overwrite(session, devicePath(group, volume), { sizeBytes, clearing });
    doneBytes = sizeBytes;
  }
}

/** In the place of a volume that cannot be activated, one that can. */
async function makeAnew(
  place: Place,
  session: Session,
  workspace: Workspace,
  { name, pool, sizeBytes, tags }: Volume,
): Promise<void> {
  const { group } = place;
  await changeVolumes(place, session, workspace, {
    action: 'clear the pool',
    commands: [lvremove(group, name), ...createThin({ group, name, tags, pool, sizeBytes })],
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

/**
 * A pool that was made for one disk alone, and has none: disks that were cloned from that one share it. Its last volume went
 * when it was overwritten already.
 */
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

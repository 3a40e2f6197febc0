/**
 * Brings a snapshot back, and keeps it. A thin disk is replaced by a snapshot of the snapshot; a merge would consume it,
 * and leave the other snapshots without an origin. A thick one is copied over from it: begun again when it is broken off.
 */
import { managed } from '../../ingress/proven.ts';
import { formatAddress, type ImageAddress } from '../../names.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import {
  activate,
  createThinSnapshot,
  deactivate,
  lvremove,
  lvrename,
  lvs,
} from '../../tools/lvm/argv.ts';
import { parseLvs, type Volume, type VolumeGroup } from '../../tools/lvm/report.ts';
import { completeIntent, type Intent, type Workspace } from '../../workspace/workspace.ts';
import type { ImageFacts, SnapshotFacts } from '../driver.ts';
import { syncContent, writeContent } from './content.ts';
import { closeAnyMap, keyToReopen, openMap, requireSecret } from './crypt.ts';
import { keyTags, taggedKey, type DiskKey } from './disk-key.ts';
import { begin, goOn, idOf, keyIn } from './intent.ts';
import { devicePath, privateName, removedName, tag, tagOf } from './names.ts';
import {
  readGroup,
  requireNoDependents,
  requirePool,
  requirePoolRoom,
  requireWritable,
  requireZeroing,
  volumeNamed,
  type Place,
} from './place.ts';
import { activateVolume, changeVolumes } from './run.ts';
import { requireReadable } from './snapshot-device.ts';
import { requireImageVolume } from './snapshots.ts';

export async function restoreSteps(
  place: Place,
  { address }: ImageFacts,
  snapshot: SnapshotFacts,
): Promise<readonly Step[]> {
  const state = await readGroup(place, place.host);
  const disk = requireImageVolume(state, address);
  const from = requireReadable(volumeNamed(state, snapshot.id));
  const key = (await keyToReopen(place, place, disk)) ?? taggedKey(place, from);
  await requireSecret(place, disk, key);
  if (from.kind !== 'thin') {
    requireWritable(disk);
    return [copyBackStep(place, state, { disk, key, snapshot: from })];
  }
  const pool = requirePool(state, from.pool);
  requirePoolRoom(pool, 0);
  requireZeroing(pool, place.config.lvm.volumeClear);
  // The disk that is replaced goes.
  requireNoDependents(state, disk);
  return [replaceStep(place, state, { address, disk, key, snapshot })];
}

interface Known {
  readonly disk: Volume;
  readonly key: DiskKey | undefined;
}

/** The disk goes away by one rename and comes back by the next; it cannot be opened between the two, nor before. */
function replaceStep(
  place: Place,
  state: VolumeGroup,
  { address, disk, key, snapshot }: Known & { address: ImageAddress; snapshot: SnapshotFacts },
): Step {
  const { group } = place;
  const { id, name } = snapshot;
  return {
    description: `replace ${disk.name} by a thin snapshot of snapshot ${name}`,
    async run(session) {
      const { host, workspace } = session;
      const part = privateName(workspace.id);
      const old = removedName(workspace.id);
      await begin(session, state, 'lvm restore', { volume: disk.name, key });
      await closeAnyMap(place, session, disk);
      await changeVolumes(place, session, workspace, {
        action: 'restore the snapshot',
        commands: [
          // Refused while anything has it open.
          deactivate(group, disk.name),
          ...createThinSnapshot({
            group,
            name: part,
            tags: tagsOfSuccessor({ disk, key }, address, workspace.id),
            origin: id,
            permission: 'rw',
          }),
          lvrename(group, disk.name, old),
          lvrename(group, part, disk.name),
          activate(group, disk.name),
          lvremove(group, old),
        ],
      });
      await reopen(place, session, { disk, key });
      await completeIntent(host.filesystem, workspace);
    },
  };
}

/**
 * What the disk says of itself, and that this operation made it. A disk of Nova's says nothing: with the tags of platter
 * it has to say which disk it is, and how it is encrypted.
 */
function tagsOfSuccessor(
  { disk, key }: Known,
  address: ImageAddress,
  id: string,
): readonly string[] {
  const own = [tag('made', id), tag('image', formatAddress(address)), ...keyTags(key)];
  const isOwn = (known: string) => own.some((one) => keyOfTag(one) === keyOfTag(known));
  return [...own, ...disk.tags.filter((known) => !isOwn(known))];
}

function keyOfTag(text: string): string {
  return text.slice(0, text.indexOf('=') + 1) || text;
}

async function reopen(place: Place, session: Session, { disk, key }: Known): Promise<void> {
  if (key !== undefined) await openMap(place, session, disk.name, key);
}

/** From the first rename on it is finished, before it is undone. */
export async function recoverRestore(
  place: Place,
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  const { group } = place;
  const name = String(intent['volume']);
  const [part, old] = [privateName(idOf(intent)), removedName(idOf(intent))];
  const state = await readGroup(place, session.host);
  const has = (volume: string) => volumeNamed(state, volume) !== undefined;
  const isGone = !has(name);
  const action = 'finish or undo the restoring';
  // Without the old one either, somebody else has removed the disk before it could be replaced.
  const disk = volumeNamed(state, isGone && has(old) ? part : name);
  if (disk === undefined) {
    const commands = [lvremove(group, part)];
    if (has(part)) await changeVolumes(place, session, leftover, { action, commands });
    return 'undone';
  }
  const before = isGone ? [lvrename(group, part, name)] : [];
  await activateVolume(place, session, leftover, name, { action, before });
  await reopen(place, session, { disk: { ...disk, name }, key: keyIn(place, intent, disk) });
  const spent = state.volumes.filter(
    (known) => known.name === old || (!isGone && known.name === part),
  );
  if (spent.length > 0) {
    for (const volume of spent) requireNoDependents(state, volume);
    const commands = spent.map((volume) => lvremove(group, volume.name));
    await changeVolumes(place, session, leftover, { action, commands });
  }
  return tagOf(disk, 'made') === idOf(intent) ? 'finished' : 'undone';
}

function copyBackStep(
  place: Place,
  group: VolumeGroup,
  { disk, key, snapshot }: Known & { snapshot: Volume },
): Step {
  return {
    description: `copy snapshot ${snapshot.name} back to ${disk.name}`,
    bytes: disk.sizeBytes,
    async run(session) {
      const { host, workspace } = session;
      // Broken off before the copy, it has the disk active again, and mapped: a disk in use must not be copied over.
      await begin(session, group, 'lvm restore', { volume: disk.name, key });
      await closeAnyMap(place, session, disk);
      const stdout = await changeVolumes(place, session, workspace, {
        action: 'make sure that nothing uses the disk',
        commands: [
          deactivate(place.group, disk.name),
          activate(place.group, disk.name),
          lvs(place.group),
        ],
      });
      // Only an active one tells whether its store overflowed.
      const now = parseLvs(stdout);
      requireReadable(now && volumeNamed(now, snapshot.name));
      const names = { volume: disk.name, snapshot: snapshot.name, key };
      await goOn(session, group, 'lvm restore by copy', names);
      await copyBack(place, session, disk, snapshot);
      await reopen(place, session, { disk, key });
      await completeIntent(host.filesystem, workspace);
    },
  };
}

async function copyBack(
  place: Place,
  session: Session,
  disk: Volume,
  snapshot: Volume,
): Promise<void> {
  const source = managed(devicePath(place.group, snapshot.name), 'raw', disk.sizeBytes);
  const device = devicePath(place.group, disk.name);
  await writeContent(place, session, source, device);
  await syncContent(session, device);
}

/** Half a copy is neither the one nor the other: it is made whole, unless something uses the disk by now. */
export async function recoverCopyBack(
  place: Place,
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  const state = await readGroup(place, session.host);
  const disk = volumeNamed(state, String(intent['volume']));
  const snapshot = volumeNamed(state, String(intent['snapshot']));
  if (disk === undefined || snapshot === undefined) return 'undone';
  const known = { disk, key: keyIn(place, intent, disk) };
  await closeAnyMap(place, session, disk);
  await activateVolume(place, session, leftover, disk.name, {
    action: 'make sure that nothing uses the disk',
    before: [deactivate(place.group, disk.name)],
  });
  const now = volumeNamed(await readGroup(place, session.host), snapshot.name);
  if (now === undefined || now.isInvalid) {
    await reopen(place, session, known);
    const message = `${disk.name} is left restored in part: its snapshot overflowed meanwhile, and what was in it is lost`;
    session.host.events.emit({ type: 'warning', message });
    return 'undone';
  }
  await copyBack(place, session, disk, now);
  await reopen(place, session, known);
  return 'finished';
}

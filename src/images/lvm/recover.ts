/** Finishes or undoes what was broken off. */
import type { Outcome } from '../../operations/perform.ts';
import type { Session } from '../../operations/step.ts';
import { removeRecord } from '../../workspace/record.ts';
import { unknownOperation, type Intent, type Workspace } from '../../workspace/workspace.ts';
import { openMap } from './crypt.ts';
import { recoverDestruction } from './destroy.ts';
import { taggedKey } from './disk-key.ts';
import { recoverGrowth } from './grow.ts';
import { idOf, requireSameGroup, type LvmOperation } from './intent.ts';
import { privateName, sparsePoolName, tagOf, volumeName } from './names.ts';
import { readGroup, volumeNamed, type Place } from './place.ts';
import { removeEmptyPool, removeVolume } from './remove.ts';
import { recoverCopyBack, recoverRestore } from './restore.ts';
import { activateVolume } from './run.ts';
import { recoverSnapshotCreation, recoverSnapshotDeletion } from './snapshots.ts';

type Recovery = (
  place: Place,
  session: Session,
  leftover: Workspace,
  intent: Intent,
) => Promise<Outcome>;

const recoveries: Readonly<Record<LvmOperation, Recovery>> = {
  'lvm create': recoverCreation,
  'lvm grow': recoverGrowth,
  'lvm snapshot create': recoverSnapshotCreation,
  'lvm snapshot delete': recoverSnapshotDeletion,
  'lvm restore': recoverRestore,
  'lvm restore by copy': recoverCopyBack,
  'lvm destroy': recoverDestruction,
};

export async function recoverLvm(
  place: Place,
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  const recovery = (recoveries as Readonly<Record<string, Recovery | undefined>>)[intent.operation];
  if (recovery === undefined) throw unknownOperation(leftover, intent);
  requireSameGroup(intent, await readGroup(place, session.host));
  return recovery(place, session, leftover, intent);
}

/** Published or not: what is half-made is cleared and removed, what is there is made ready for use. */
async function recoverCreation(
  place: Place,
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  const id = idOf(intent);
  await removeParts(place, session, leftover, id);
  const address = { instance: String(intent['instance']), disk: String(intent['disk']) };
  const name = volumeName(address);
  const disk = volumeNamed(await readGroup(place, session.host), name);
  if (disk === undefined || tagOf(disk, 'made') !== id) {
    await removeRecord(session.host.filesystem, leftover.directory, leftover.name, id);
    return 'undone';
  }
  await activateVolume(place, session, leftover, name);
  const key = taggedKey(place, disk);
  if (key !== undefined) await openMap(place, session, name, key);
  return 'finished';
}

async function removeParts(
  place: Place,
  session: Session,
  leftover: Workspace,
  id: string,
): Promise<void> {
  const { volumeClear: clearing } = place.config.lvm;
  for (const name of [privateName(id), `${privateName(id)}-template`]) {
    const group = await readGroup(place, session.host);
    const volume = volumeNamed(group, name);
    if (volume !== undefined && tagOf(volume, 'made') === id) {
      await removeVolume(place, session, leftover, { volume, group, clearing });
    }
  }
  await removeEmptyPool(place, session, leftover, sparsePoolName(id));
}

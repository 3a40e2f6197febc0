/** Copies the content of a disk, or of one of its snapshots, into a file; an encrypted one decrypted. */
import { managed } from '../../ingress/proven.ts';
import { convertImage } from '../../operations/run-qemu-img.ts';
import type { Session, Step } from '../../operations/step.ts';
import { activate, deactivate } from '../../tools/lvm/argv.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { ExportOrder } from '../driver.ts';
import { closeAnyMap, closeMap, openMap } from './crypt.ts';
import { imageVolume } from './facts.ts';
import { devicePath, tagOf, volumeName } from './names.ts';
import { readGroup, volumeNamed, type Place } from './place.ts';
import { changeVolumes } from './run.ts';
import { withSnapshot } from './snapshot-device.ts';

export function exportVolumeStep(place: Place, order: ExportOrder): Step {
  const { facts, snapshot, target, format, compress } = order;
  return {
    description: `copy its content as ${format}`,
    bytes: facts.allocatedBytes,
    async run(session) {
      const sizeBytes = snapshot?.sizeBytes ?? facts.virtualSizeBytes;
      const copy = (path: string) =>
        convertImage(
          session,
          { source: managed(path, 'raw', sizeBytes), target, targetFormat: format, compress },
          place.config.limits,
        );
      const state = await readGroup(place, session.host);
      const volume = imageVolume(state, facts.address);
      const keyId = volume === undefined ? undefined : tagOf(volume, 'key');
      if (snapshot === undefined) return copyDisk(place, session, { order, keyId, copy });
      return withSnapshot(place, session, snapshot.id, async (path) => {
        if (keyId === undefined) return copy(path);
        try {
          return await copy(await openMap(place, session, snapshot.id, keyId));
        } finally {
          await closeMap(place, session, snapshot.id);
        }
      });
    },
  };
}

/** A disk stays open, as it is when it is used; a snapshot is not active but while it is read. */
export async function endExport(
  place: Place,
  session: Session,
  leftover: Workspace,
  snapshotId: string | undefined,
): Promise<void> {
  if (snapshotId === undefined) return;
  const snapshot = volumeNamed(await readGroup(place, session.host), snapshotId);
  if (snapshot === undefined) return;
  await closeAnyMap(place, session, snapshot);
  if (snapshot.kind !== 'thin') return;
  const commands = [deactivate(place.group, snapshotId)];
  await changeVolumes(place, session, leftover, { action: 'deactivate the snapshot', commands });
}

interface DiskCopy {
  readonly order: ExportOrder;
  readonly keyId: string | undefined;
  readonly copy: (path: string) => Promise<void>;
}

/** Not active, or not mapped, is what a disk is after the host was started anew. */
async function copyDisk(
  place: Place,
  session: Session,
  { order, keyId, copy }: DiskCopy,
): Promise<void> {
  const name = volumeName(order.facts.address);
  const commands = [activate(place.group, name)];
  await changeVolumes(place, session, session.workspace, { action: 'activate the disk', commands });
  const isMapped = keyId !== undefined;
  await copy(isMapped ? await openMap(place, session, name, keyId) : devicePath(place.group, name));
}

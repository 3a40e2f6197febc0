/** Copies the content of a disk, or of one of its snapshots, into a file; an encrypted one decrypted. */
import { managed } from '../../ingress/proven.ts';
import { convertImage } from '../../operations/run-qemu-img.ts';
import type { Session, Step } from '../../operations/step.ts';
import { activate, deactivate } from '../../tools/lvm/argv.ts';
import type { Workspace } from '../../workspace/workspace.ts';
import type { ExportOrder } from '../driver.ts';
import { closeAnyMap, closeMap, keyOf, openMap } from './crypt.ts';
import type { DiskKey } from './disk-key.ts';
import { imageVolume } from './facts.ts';
import { devicePath, volumeName } from './names.ts';
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
      const key = volume && (await keyOf(place, session, volume));
      if (snapshot === undefined) return copyDisk(place, session, { order, key, copy });
      return withSnapshot(place, session, snapshot.id, async (path) => {
        if (key === undefined) return copy(path);
        try {
          return await copy(await openMap(place, session, snapshot.id, key));
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
  readonly key: DiskKey | undefined;
  readonly copy: (path: string) => Promise<void>;
}

/** Not active, or not mapped, is what a disk is after the host was started anew. */
async function copyDisk(
  place: Place,
  session: Session,
  { order, key, copy }: DiskCopy,
): Promise<void> {
  const name = volumeName(order.facts.address);
  const commands = [activate(place.group, name)];
  await changeVolumes(place, session, session.workspace, { action: 'activate the disk', commands });
  const isMapped = key !== undefined;
  await copy(isMapped ? await openMap(place, session, name, key) : devicePath(place.group, name));
}

/**
 * The content of an internal snapshot as something to read from.
 *
 * `qemu-img convert -l` reads a snapshot at the size that the disk has now (seen with 7.2): the end of a snapshot that is
 * larger than that is lost. Where the sizes differ, the snapshot is brought back in a private copy of the file.
 */
import { PlatterError } from '../../errors.ts';
import type { ProvenImage } from '../../ingress/proven.ts';
import { formatAddress } from '../../names.ts';
import { runQemuImg } from '../../operations/run-qemu-img.ts';
import type { Session } from '../../operations/step.ts';
import { qemuImgSnapshot } from '../../tools/qemu-img/argv.ts';
import type { ImageFacts, SnapshotFacts } from '../driver.ts';
import { copyFile } from '../files/copy.ts';
import { openable } from '../files/file-image.ts';
import { requireNotInUse } from '../files/in-use.ts';
import { describeQcow2 } from '../files/qcow2-state.ts';
import type { Config } from '../../config/config.ts';

export interface SnapshotContent {
  readonly source: ProvenImage;
  /** Its id, for the tool; undefined where the source is the snapshot's content itself. Names need not be unique, nor plain. */
  readonly snapshot: string | undefined;
}

/** What was copied is the snapshot only where the disk is still as it was: another size, or another snapshot, was read. */
export async function requireSameSnapshot(
  { host }: Session,
  { address, path, virtualSizeBytes }: ImageFacts,
  { id, name, sizeBytes, createdAt }: SnapshotFacts,
): Promise<void> {
  const now = await describeQcow2(host.filesystem, path);
  const kept = now.snapshots.find((known) => known.id === id);
  const isSame =
    kept?.name === name && kept.sizeBytes === sizeBytes && kept.createdAt === createdAt;
  if (isSame && now.virtualSizeBytes === virtualSizeBytes) return;
  throw new PlatterError('LOCKED', `${formatAddress(address)} was changed while it was copied`, {
    hint: 'try again',
  });
}

export async function snapshotContent(
  session: Session,
  config: Config,
  facts: ImageFacts,
  { id, sizeBytes }: SnapshotFacts,
): Promise<SnapshotContent> {
  if (sizeBytes === facts.virtualSizeBytes) return { source: openable(facts), snapshot: id };
  const copy = `${session.workspace.path}/at-${id}`;
  await requireNotInUse(session, config, { type: 'qcow2', facts });
  await copyFile(session, facts.path, copy);
  const image = openable({ ...facts, virtualSizeBytes: sizeBytes }, copy);
  await runQemuImg(session, qemuImgSnapshot('apply', image, id), {
    action: 'bring back the snapshot in a copy',
    effect: 'private',
  });
  return { source: image, snapshot: undefined };
}

/**
 * The content of an internal snapshot as something to read from.
 *
 * `qemu-img convert -l` reads a snapshot at the size that the disk has now (seen with 7.2): the end of a snapshot that is
 * larger than that is lost. Where the sizes differ, the snapshot is brought back in a private copy of the file.
 */
import type { ProvenImage } from '../../ingress/proven.ts';
import { runQemuImg } from '../../operations/run-qemu-img.ts';
import type { Session } from '../../operations/step.ts';
import { qemuImgSnapshot } from '../../tools/qemu-img/argv.ts';
import type { ImageFacts, SnapshotFacts } from '../driver.ts';
import { copyFile } from '../files/copy.ts';
import { openable } from '../files/file-image.ts';
import { requireNotInUse } from '../files/in-use.ts';
import type { Config } from '../../config/config.ts';

export interface SnapshotContent {
  readonly source: ProvenImage;
  /** To be named to the tool; undefined where the source is the snapshot's content itself. */
  readonly snapshot: string | undefined;
}

export async function snapshotContent(
  session: Session,
  config: Config,
  facts: ImageFacts,
  { name, id, sizeBytes }: SnapshotFacts,
): Promise<SnapshotContent> {
  if (sizeBytes === facts.virtualSizeBytes) return { source: openable(facts), snapshot: name };
  const copy = `${session.workspace.path}/at-${name}`;
  await requireNotInUse(session, config, { type: 'qcow2', facts });
  await copyFile(session, facts.path, copy);
  const image = openable({ ...facts, virtualSizeBytes: sizeBytes }, copy);
  await runQemuImg(session, qemuImgSnapshot('apply', image, id), {
    action: 'bring back the snapshot in a copy',
    effect: 'private',
  });
  return { source: image, snapshot: undefined };
}

/**
 * Makes a qcow2 disk independent of its backing file, by a self-contained copy that takes its place.
 *
 * Not by `qemu-img rebase`: that copies what the current state finds in the backing file, and internal snapshots would
 * read zeros where they leant on it.
 */
import type { Config } from '../../config/config.ts';
import { managed } from '../../ingress/proven.ts';
import { convertImage, runQemuImg } from '../../operations/run-qemu-img.ts';
import type { Session, Step } from '../../operations/step.ts';
import { qemuImgCreate, qemuImgResize, qemuImgSnapshot } from '../../tools/qemu-img/argv.ts';
import type { ImageFacts } from '../driver.ts';
import { openable } from '../files/file-image.ts';
import { describeQcow2 } from '../files/qcow2-state.ts';
import { replaceStep, watchDisk } from '../files/replace.ts';
import { snapshotContent } from './snapshot-content.ts';
import { setSnapshotTimes } from './snapshot-table.ts';

const flatFile = 'flattened';

export function flattenSteps(config: Config, facts: ImageFacts): readonly Step[] {
  if (facts.backing === null) return [];
  // Oldest first, and the current state last: each is written over the one before it.
  const states = [...facts.snapshots, undefined];
  const watch = watchDisk(facts);
  return [
    {
      description: 'make an empty qcow2 for the self-contained copy',
      async run(session) {
        await watch.note(session);
        await createEmpty(session, facts, states[0]?.sizeBytes ?? facts.virtualSizeBytes);
      },
    },
    ...states.map((snapshot): Step => ({
      description: `copy ${snapshot === undefined ? 'the current state' : `snapshot ${snapshot.name}`}`,
      bytes: snapshot?.sizeBytes ?? facts.virtualSizeBytes,
      run: (session) => copyState(session, config, facts, snapshot),
    })),
    replaceStep(config, { type: 'qcow2', facts }, flatFile, watch),
  ];
}

function flatPath(session: Session): string {
  return `${session.workspace.path}/${flatFile}`;
}

async function createEmpty(session: Session, facts: ImageFacts, sizeBytes: number): Promise<void> {
  const { clusterSizeBytes } = await describeQcow2(session.host.filesystem, facts.path);
  const command = qemuImgCreate(flatPath(session), 'qcow2', sizeBytes, clusterSizeBytes);
  await runQemuImg(session, command, { action: 'make the copy', effect: 'private' });
}

async function copyState(
  session: Session,
  config: Config,
  facts: ImageFacts,
  snapshot: ImageFacts['snapshots'][number] | undefined,
): Promise<void> {
  const target = flatPath(session);
  const sizeBytes = snapshot?.sizeBytes ?? facts.virtualSizeBytes;
  await resizeTo(session, target, sizeBytes);
  const content =
    snapshot === undefined
      ? { source: openable(facts) }
      : await snapshotContent(session, config, facts, snapshot);
  const options = { ...content, target, targetFormat: 'qcow2', intoExisting: true };
  await convertImage(session, options, config.limits);
  if (snapshot === undefined) {
    return setSnapshotTimes(session.host.filesystem, target, facts.snapshots);
  }
  const image = managed(target, 'qcow2', sizeBytes);
  await runQemuImg(session, qemuImgSnapshot('create', image, snapshot.name), {
    action: 'take the snapshot again',
    effect: 'private',
  });
}

/** Snapshots may be smaller than what came after them, and after a restore also larger. */
async function resizeTo(session: Session, path: string, sizeBytes: number): Promise<void> {
  const { virtualSizeBytes } = await describeQcow2(session.host.filesystem, path);
  if (virtualSizeBytes === sizeBytes) return;
  const image = managed(path, 'qcow2', virtualSizeBytes);
  const mayShrink = virtualSizeBytes > sizeBytes;
  await runQemuImg(session, qemuImgResize(image, sizeBytes, { mayShrink }), {
    action: 'size the copy',
    effect: 'private',
  });
}

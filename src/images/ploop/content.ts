/** The content of a ploop disk, or of one of its snapshots, as one image in a private directory. */
import { assert, PlatterError } from '../../errors.ts';
import { stored, type ProvenImage } from '../../ingress/proven.ts';
import type { Session } from '../../operations/step.ts';
import { ploopMergeAll } from '../../tools/ploop/argv.ts';
import { makeOwnDirectory } from '../../workspace/once.ts';
import type { ImageFacts, SnapshotFacts } from '../driver.ts';
import { copyFile } from '../files/copy.ts';
import {
  chainOf,
  formatDescriptor,
  topGuid,
  type Descriptor,
  type PloopImage,
} from './descriptor.ts';
import { descriptorPath, readDescriptor, requireNotMounted } from './disk.ts';
import { runPloop } from './run-ploop.ts';

/** Copies what the state leans on, and merges it. Without a snapshot the current state; the disk is not changed. */
export async function privateContent(
  session: Session,
  facts: ImageFacts,
  snapshot?: SnapshotFacts,
): Promise<ProvenImage> {
  const { filesystem } = session.host;
  await requireNotMounted(filesystem, facts);
  const whole = await readDescriptor(filesystem, facts.path);
  // The origin of a clone is not locked.
  if (snapshot !== undefined && !whole.shots.some(({ guid }) => guid === snapshot.id)) {
    throw new PlatterError('NOT_FOUND', `there is no snapshot "${snapshot.name}" any more`);
  }
  const copy = `${session.workspace.path}/copy`;
  await makeOwnDirectory(filesystem, copy);
  const state = stateOf(whole, snapshot);
  for (const { file } of state.images) {
    session.method = await copyFile(session, `${facts.path}/${file}`, `${copy}/${file}`);
  }
  const [base] = state.images;
  assert(base !== undefined, 'a disk has an image');
  if (state.images.length > 1) {
    await filesystem.createText(descriptorPath(copy), await formatDescriptor(state));
    await session.withSlot(() =>
      runPloop(session, copy, ploopMergeAll(descriptorPath(copy)), {
        action: 'merge the copy',
        sizeBytes: state.sizeBytes,
        signal: session.signal,
      }),
    );
  }
  const path = `${copy}/${base.file}`;
  await cutTo(session, path, base, state.sizeBytes);
  return stored(path, base.type === 'Plain' ? 'raw' : 'parallels', state.sizeBytes);
}

/** A raw image may be longer than the disk was then. */
async function cutTo(session: Session, path: string, { type }: PloopImage, sizeBytes: number) {
  if (type === 'Plain') await session.host.filesystem.truncate(path, sizeBytes);
}

/** A descriptor of which the state is the top, and that has nothing else. */
function stateOf(whole: Descriptor, snapshot: SnapshotFacts | undefined): Descriptor {
  const chain = chainOf(whole, snapshot?.id ?? topGuid);
  const last = chain.at(-1);
  const renamed = (guid: string) => (guid === last ? topGuid : guid);
  return {
    ...whole,
    sizeBytes: snapshot?.sizeBytes ?? whole.sizeBytes,
    images: chain.flatMap((guid) =>
      whole.images
        .filter((image) => image.guid === guid)
        .map((image) => ({ ...image, guid: renamed(guid) })),
    ),
    shots: chain.map((guid, index) => ({
      guid: renamed(guid),
      parent: chain[index - 1],
      isTemporary: false,
      note: undefined,
    })),
  };
}

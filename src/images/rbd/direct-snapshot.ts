/**
 * Makes an image of an image service of the current content of a disk, within the cluster (B108-B110): a snapshot, a
 * clone of it in the pool of the image service, which is made independent, and the snapshot `snap` from which that is
 * shared. It gets its name last, so that nobody finds half of it.
 */
import type { Config } from '../../config/config.ts';
import { PlatterError } from '../../errors.ts';
import { checkName, formatAddress } from '../../names.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import { baseNameOf, parentOf } from '../../workspace/area.ts';
import { rbdClone, rbdFlatten, rbdSnapshot } from '../../tools/rbd/argv.ts';
import { replaceIntent, type Intent, type Workspace } from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { specOf } from './change.ts';
import type { Cluster } from './cluster.ts';
import { clearingUp, giveUp, hasPublished, removeDrafts } from './drafts.ts';
import { begin, firstEffect } from './in-place.ts';
import { requireServices } from './location.ts';
import { draftName, formatLocation } from './names.ts';
import { ifThere, orAlready, protect, removeSnapshot } from './remove.ts';

const operation = 'direct snapshot';
/** By which image services share what they have (B108). */
const sharedSnapshot = 'snap';

interface Order {
  readonly snapshot: string;
  readonly imageId: string;
}

export async function directSnapshot(
  cluster: Cluster,
  config: Config,
  facts: ImageFacts,
  { snapshot, imageId }: Order,
): Promise<{ steps: readonly Step[]; location: string }> {
  checkName('snapshot', snapshot);
  checkName('template', imageId);
  const image = specOf(cluster, facts);
  const pool = await poolOfImages(cluster, config, image, facts);
  requireServices(cluster, { pool, image: imageId });
  const target = `${pool}/${imageId}`;
  await requireFree(cluster, facts, { image, snapshot, target });
  return {
    location: formatLocation({
      fsid: await cluster.fsid(),
      pool,
      image: imageId,
      snapshot: sharedSnapshot,
    }),
    steps: stepsOf(cluster, facts, { image, snapshot, target }),
  };
}

interface Names {
  /** `pool/image` of the disk, and of the image that is made. */
  readonly image: string;
  readonly target: string;
  readonly snapshot: string;
}

function stepsOf(
  cluster: Cluster,
  { virtualSizeBytes }: ImageFacts,
  { image, snapshot, target }: Names,
): readonly Step[] {
  const { client } = cluster;
  const source = `${image}@${snapshot}`;
  const draftOf = ({ workspace }: Session) =>
    `${parentOf(target)}/${draftName(baseNameOf(target), workspace.id)}`;
  let intent: Intent | undefined;
  const note = async ({ host, workspace }: Session, known: Readonly<Record<string, unknown>>) => {
    if (intent === undefined) return;
    intent = { ...intent, ...known };
    await replaceIntent(host.filesystem, workspace, intent);
  };
  const steps: readonly Step[] = [
    {
      description: `take snapshot ${snapshot}`,
      command: rbdSnapshot(client, 'create', source),
      async run(session) {
        const draft = draftOf(session);
        intent = await begin(session, { operation, image, snapshot, draft, target });
        const command = rbdSnapshot(client, 'create', source);
        await firstEffect(session, () => cluster.change(session, command, 'take the snapshot'));
        // By its id recovery tells it from another one of that name; nobody else looks for it when this is overtaken.
        const taken = (await cluster.snapshots(image)).find(({ name }) => name === snapshot);
        await note(session, { snapshotId: taken?.id });
        await protect(session, cluster, source);
      },
    },
    {
      description: `clone it into the pool ${parentOf(target)}, and make that independent`,
      bytes: virtualSizeBytes,
      async run(session) {
        const draft = draftOf(session);
        await cluster.change(session, rbdClone(client, source, draft), 'clone the snapshot');
        await orAlready(/image has no parent/, () =>
          cluster.copy(session, rbdFlatten(client, draft), {
            action: 'flatten the clone',
            bytes: virtualSizeBytes,
          }),
        );
      },
    },
    {
      description: `remove snapshot ${snapshot}`,
      run: (session) =>
        removeSnapshot(session, cluster, image, { name: snapshot, isProtected: true }),
    },
    {
      description: `publish it as ${target}`,
      async run(session) {
        const draft = draftOf(session);
        const shared = `${draft}@${sharedSnapshot}`;
        await cluster.change(session, rbdSnapshot(client, 'create', shared), 'share the image');
        await protect(session, cluster, shared);
        // Should the outcome be in doubt, an image of that name may be somebody else's.
        await note(session, { imageIds: { [draft]: (await cluster.info(draft))?.id } });
        await cluster.rename(session, draft, target, 'publish the image');
      },
    },
  ];
  return steps.map((step) =>
    clearingUp(step, cluster, async (session) => {
      await giveUp(session, cluster, [draftOf(session)], session.workspace.id);
      if (intent?.['snapshotId'] !== undefined) await removeOwnSnapshot(session, cluster, intent);
    }),
  );
}

/** Where the image service keeps what the disk was made of; without that, where it is configured to keep images. */
async function poolOfImages(
  cluster: Cluster,
  { rbd }: Config,
  image: string,
  { address }: ImageFacts,
): Promise<string> {
  const parent = (await cluster.info(image))?.parent;
  const pool = parent?.pool ?? rbd.templatePool;
  if (pool !== undefined) return pool;
  throw new PlatterError(
    'NOT_SUPPORTED',
    `cannot tell the pool of the image service: ${formatAddress(address)} leans on nothing`,
    { hint: 'set template_pool in the section [rbd] of the configuration' },
  );
}

async function requireFree(
  cluster: Cluster,
  facts: ImageFacts,
  { image, snapshot, target }: Names,
): Promise<void> {
  const isTaken = facts.snapshots.some(({ name }) => name === snapshot);
  if (!isTaken && (await cluster.info(target)) === undefined) return;
  throw new PlatterError('ALREADY_EXISTS', 'the name is taken already', {
    details: { taken: isTaken ? `${image}@${snapshot}` : target },
    hint: 'choose another name',
  });
}

/** What it says of the snapshot that was taken: without an id, its name is all that is known. */
async function removeOwnSnapshot(
  session: Session,
  cluster: Cluster,
  intent: Intent,
): Promise<boolean> {
  const image = String(intent['image']);
  const { snapshot, snapshotId } = intent;
  let hadSnapshot = false;
  await ifThere(async () => {
    const snapshots = await cluster.snapshots(image);
    const own = snapshots.find(({ id, name }) =>
      snapshotId === undefined ? name === snapshot : id === snapshotId,
    );
    if (own === undefined) return;
    hadSnapshot = true;
    await removeSnapshot(session, cluster, image, own);
  });
  return hadSnapshot;
}

/** Removes what was made here, and nothing else. An image that has its name is whole. */
export async function recoverDirectSnapshot(
  session: Session,
  cluster: Cluster,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome | undefined> {
  if (intent.operation !== operation) return undefined;
  const draftId = await removeDrafts(session, cluster, leftover, intent, [String(intent['draft'])]);
  if (await removeOwnSnapshot(session, cluster, intent)) return 'undone';
  if (draftId === undefined) return 'undone';
  const isPublished = await hasPublished(cluster, String(intent['target']), draftId);
  return isPublished ? 'finished' : 'undone';
}

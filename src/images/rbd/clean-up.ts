/**
 * Cleans up what a direct snapshot has made, and was not kept by the image service (B110). Whoever calls for it names a
 * snapshot of an image: nothing else that the image has goes with that.
 */
import { PlatterError } from '../../errors.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import type { RbdInfo } from '../../tools/rbd/output.ts';
import type { Intent } from '../../workspace/workspace.ts';
import { hasClones } from './change.ts';
import type { Cluster } from './cluster.ts';
import { removalSteps } from './destroy.ts';
import { inPlaceStep } from './in-place.ts';
import { locationHere, requireServices } from './location.ts';
import { freeIfEmpty, ifThere, protect, removeSnapshot } from './remove.ts';

const operation = 'direct snapshot cleanup';

/**
 * What is not there is cleaned up already. IN_USE, and nothing is changed, when somebody has cloned it meanwhile, has it
 * open, or has taken other snapshots of it. INVALID_ARGUMENT for a location in another cluster, and for disks.
 */
export async function cleanUpSteps(
  cluster: Cluster,
  url: string,
  { destroy }: { destroy: boolean },
): Promise<readonly Step[]> {
  const location = await locationHere(cluster, url);
  requireServices(cluster, location);
  const image = `${location.pool}/${location.image}`;
  if (!destroy) {
    const found = await cluster.info(`${image}@${location.snapshot}`);
    return found === undefined ? [] : [removeSharedStep(cluster, image, location.snapshot, found)];
  }
  const found = await cluster.info(image);
  if (found === undefined) return [];
  const toRemove = { image, name: image, imageId: found.id, wipe: false, virtualSizeBytes: 0 };
  return [
    {
      description: `make sure that ${image} has no other snapshots than ${location.snapshot}`,
      run: () => requireNoOthers(cluster, image, location.snapshot),
    },
    {
      description: `remove ${image}`,
      async run(session) {
        await unlessGone(() => inTurn(removalSteps(cluster, toRemove), session));
        // Where the rename that gave it its name was killed while somebody cloned it, that is left, and taken for ever.
        await freeIfEmpty(session, cluster, image);
      },
    },
  ];
}

async function inTurn(steps: readonly Step[], session: Session): Promise<void> {
  for (const step of steps) await step.run(session);
}

/** Somebody else may clean it up meanwhile, through another disk, and even make another image of that name. */
async function unlessGone(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!PlatterError.is(error) || error.code !== 'NOT_FOUND') throw error;
  }
}

async function requireNoOthers(cluster: Cluster, image: string, snapshot: string): Promise<void> {
  await ifThere(async () => {
    const names = (await cluster.snapshots(image)).map(({ name }) => name);
    const others = names.filter((name) => name !== snapshot);
    if (others.length === 0) return;
    throw new PlatterError('IN_USE', `${image} has other snapshots`, {
      details: { snapshots: others },
      hint: 'they are not of the direct snapshot: remove them first, if nobody wants them',
    });
  });
}

/** It may have been unprotected, and then be there all the same: whoever recovers that protects it again. */
function removeSharedStep(
  cluster: Cluster,
  image: string,
  snapshot: string,
  { isProtected }: Pick<RbdInfo, 'isProtected'>,
): Step {
  const spec = `${image}@${snapshot}`;
  return inPlaceStep({
    description: `unprotect and remove ${spec}`,
    intent: { operation, spec, isProtected },
    // Somebody else may clean it up through another disk.
    require: async () => {
      await ifThere(async () => {
        const clones = await cluster.children(spec);
        if (clones.length > 0) throw hasClones(image, clones);
      });
    },
    change: async (session) => {
      await ifThere(() => removeSnapshot(session, cluster, image, { name: snapshot, isProtected }));
    },
  });
}

/** Of a snapshot that was to be removed alone; an image goes by `recoverDestroy`. */
export async function recoverCleanUp(
  session: Session,
  cluster: Cluster,
  intent: Intent,
): Promise<Outcome | undefined> {
  if (intent.operation !== operation) return undefined;
  const spec = String(intent['spec']);
  const found = await cluster.info(spec);
  if (found === undefined) return 'finished';
  if (intent['isProtected'] === true) await ifThere(() => protect(session, cluster, spec));
  return 'undone';
}

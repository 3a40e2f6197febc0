/** Cleans up what a direct snapshot has made, and was not kept by the image service (B110). */
import { PlatterError } from '../../errors.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import type { RbdInfo } from '../../tools/rbd/output.ts';
import type { Intent } from '../../workspace/workspace.ts';
import { hasClones } from './change.ts';
import type { Cluster } from './cluster.ts';
import { begin, firstEffect } from './in-place.ts';
import { locationSpec } from './location.ts';
import {
  finishRemoval,
  freeName,
  ifThere,
  removeBare,
  removeImage,
  removeSnapshot,
  requireNotOpen,
} from './remove.ts';

const operation = 'direct snapshot cleanup';

/** What is not there is cleaned up already. IN_USE when somebody has cloned it meanwhile. */
export async function cleanUpSteps(
  cluster: Cluster,
  location: string,
  { destroy }: { destroy: boolean },
): Promise<readonly Step[]> {
  const spec = locationSpec(location);
  const [image = '', snapshot = ''] = spec.split('@');
  const found = await cluster.info(spec);
  const steps = found === undefined ? [] : [removeSharedStep(cluster, spec, snapshot, found)];
  if (!destroy) return steps;
  const imageId = (found ?? (await cluster.info(image)))?.id;
  return imageId === undefined ? steps : [...steps, removeImageStep(cluster, image, imageId)];
}

function removeSharedStep(
  cluster: Cluster,
  spec: string,
  snapshot: string,
  { isProtected }: Pick<RbdInfo, 'isProtected'>,
): Step {
  return {
    description: `unprotect and remove ${spec}`,
    async run(session) {
      // Somebody else may clean it up through another disk.
      await ifThere(async () => {
        const clones = await cluster.children(spec);
        const [image = ''] = spec.split('@');
        if (clones.length > 0) throw hasClones(image, clones);
        await removeSnapshot(session, cluster, image, { name: snapshot, isProtected });
      });
    },
  };
}

function removeImageStep(cluster: Cluster, image: string, imageId: string): Step {
  return {
    description: `remove ${image}`,
    async run(session) {
      await ifThere(() => requireNotOpen(session, cluster, image));
      // Should it be cut off when the image has no name any more, the id is all that it can be found by.
      await begin(session, { operation, image, imageId });
      await firstEffect(session, () => removeImage(session, cluster, image));
    },
  };
}

/** What is on its way out goes; an image with a snapshot, or that somebody has open, is left to who cleans it up next. */
export async function recoverCleanUp(
  session: Session,
  cluster: Cluster,
  intent: Intent,
): Promise<Outcome | undefined> {
  if (intent.operation !== operation) return undefined;
  const image = String(intent['image']);
  const imageId = String(intent['imageId']);
  const info = await cluster.info(image);
  if (info?.id === imageId) {
    try {
      if (!(await isBare(cluster, image))) return 'undone';
      await removeBare(session, cluster, image);
    } catch (error) {
      if (!PlatterError.is(error) || error.code !== 'IN_USE') throw error;
      return 'undone';
    }
  }
  await finishRemoval(session, cluster, image, imageId);
  // A tool that was killed may have left the name alone. Others may have given it to another image meanwhile.
  if ((await cluster.info(image)) === undefined) await freeName(session, cluster, image);
  return 'finished';
}

/** What is gone meanwhile has no snapshots either. */
async function isBare(cluster: Cluster, image: string): Promise<boolean> {
  let count = 0;
  await ifThere(async () => {
    count = (await cluster.snapshots(image)).length;
  });
  return count === 0;
}

import type { Cluster } from '../cluster/cluster.ts';
import { parentSnapshot, type ClusterImage } from '../cluster/image.ts';
import { nameOf } from '../cluster/namespace.ts';
import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';

export const clones: Invariant = {
  id: 'clones',
  description:
    'what a clone leans on is there and protected, and knows of it, so that nobody takes it away',
  // Who lets go of it is in the middle of that, or was cut off: that is carried through before anything else is done.
  onDone: (model) => (isLettingGo(model) ? undefined : check(model)),
  onRecovered: (model) => check(model),
  onEnd: (model) => check(model),
};

function isLettingGo({ unsettled, runs }: Model): boolean {
  if (unsettled.size > 0) return true;
  return runs.some(({ outcome, spec }) => outcome === 'running' && spec.kind === 'flatten');
}

function check({ world: { stores } }: Model): string | undefined {
  const { cluster } = stores;
  if (cluster === undefined) return undefined;
  for (const image of cluster.images()) {
    const name = nameOf(image);
    // Half-made ones are nobody's yet.
    if (image.parent === undefined || name === undefined || name.startsWith('_')) continue;
    const wrong = wrongWith(cluster, image);
    if (wrong !== undefined) return `${name} ${wrong}`;
  }
  return undefined;
}

function wrongWith(cluster: Cluster, image: ClusterImage): string | undefined {
  const snapshot = parentSnapshot(image);
  const { parent } = image;
  if (parent === undefined || snapshot === undefined) return 'leans on what is not there';
  const { namespace } = parent.image;
  if (namespace.headers.get(parent.image.id) !== parent.image) return 'leans on what was removed';
  const known = cluster.childrenOf(namespace, parent.image, parent.snapshotId);
  if (!known.some(({ id }) => id === image.id)) return 'is not known to what it leans on';
  // Who asks for its children before he takes the protection off has it open, and gives it back.
  const isAsked = snapshot.protection === 'unprotecting';
  if (isAsked && cluster.watchersOf(parent.image).length > 0) return undefined;
  return snapshot.protection === 'protected' ? undefined : 'leans on what is not protected';
}

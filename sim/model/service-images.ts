/** Images of an image service that were made of disks within the cluster (`Image.directSnapshot`). */
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterImage } from '../cluster/image.ts';
import { imageNamed } from '../cluster/namespace.ts';
import { imagePool, templatePool } from './cluster-store.ts';

/** Their names in scenarios. */
export const serviceImages = ['i1', 'i2'] as const;

/** In whichever pool it was made. */
export function sharedImage(cluster: Cluster, name: string): ClusterImage | undefined {
  if (!(serviceImages as readonly string[]).includes(name)) return undefined;
  for (const pool of [templatePool, imagePool]) {
    const namespace = cluster.namespace(pool);
    const image = namespace === undefined ? undefined : imageNamed(namespace, name);
    if (image !== undefined) return image;
  }
  return undefined;
}

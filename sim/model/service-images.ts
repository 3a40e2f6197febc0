/** Images of an image service that were made of disks within the cluster (`Image.directSnapshot`). */
import type { Cluster } from '../cluster/cluster.ts';
import type { ClusterImage } from '../cluster/image.ts';
import { imageNamed } from '../cluster/namespace.ts';
import { hostileImage, imagePool, serviceImages, templatePool } from './cluster-names.ts';

export function isOfService(name: string): boolean {
  return name === hostileImage || (serviceImages as readonly string[]).includes(name);
}

/** In whichever pool it was made. */
export function sharedImage(cluster: Cluster, name: string): ClusterImage | undefined {
  if (!isOfService(name)) return undefined;
  for (const pool of [templatePool, imagePool]) {
    const namespace = cluster.namespace(pool);
    const image = namespace === undefined ? undefined : imageNamed(namespace, name);
    if (image !== undefined) return image;
  }
  return undefined;
}

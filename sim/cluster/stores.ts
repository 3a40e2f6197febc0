/** A cluster as what a world has besides its filesystem. */
import type { WorldOptions } from '../world.ts';
import { Cluster } from './cluster.ts';
import { imageNamed } from './namespace.ts';

/** With these pools, all of them empty. */
export function clusterStores(pools: readonly string[]): NonNullable<WorldOptions['makeStores']> {
  return (volume, tell, nowUs) => {
    const cluster = new Cluster(volume, tell, nowUs);
    for (const pool of pools) cluster.addPool(pool);
    return { cluster, open: (name) => openInode(cluster, name) };
  };
}

/** `rbd:pool/image[:option=value…]`, as qemu has it. */
function openInode(cluster: Cluster, name: string) {
  const match = /^rbd:([^/]+)\/(?:([^/]+)\/)?([^/:@]+)(?::|$)/.exec(name);
  if (match === null) return undefined;
  const [, pool = '', namespace = '', image = ''] = match;
  const found = cluster.namespace(pool, namespace);
  return found === undefined ? undefined : imageNamed(found, image)?.inode;
}

/** The cluster of scenarios on RBD: with pools for images and templates, and with images of somebody else. */
import type { ConfigInput } from '../../src/config/config.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { clusterStores } from '../cluster/stores.ts';
import type { ClusterImage } from '../cluster/image.ts';
import type { Namespace } from '../cluster/namespace.ts';
import { hostileImageContent } from './contents.ts';
import { foreignImages, hostileImage, imagePool, templatePool } from '../model/cluster-names.ts';
import { Prng } from '../schedule/prng.ts';
import { patternContent, type RawContent } from '../volume/content.ts';
import type { WorldOptions } from '../world.ts';
import type { ClusterSpec } from './scenario.ts';

export function drawCluster(seed: number, machines: number): ClusterSpec {
  const isAllThatIsShared = machines > 1 && new Prng(seed, 'directories').oneIn(2);
  return {
    hasTemplatePool: !new Prng(seed, 'cluster').oneIn(3),
    ...(isAllThatIsShared ? { isAllThatIsShared } : {}),
  };
}

export function rbdConfigOf({ hasTemplatePool }: ClusterSpec): NonNullable<ConfigInput['rbd']> {
  return { pool: imagePool, ...(hasTemplatePool ? { templatePool } : {}) };
}

const makeStores = clusterStores([imagePool, templatePool]);

export const clusterStoresOf: NonNullable<WorldOptions['makeStores']> = (volume, tell, nowUs) => {
  const stores = makeStores(volume, tell, nowUs);
  if (stores.cluster !== undefined) addForeign(stores.cluster);
  return stores;
};

/** Of the foreign image of this number. */
export function foreignContent(index: number): RawContent {
  return patternContent(2 ** 23, 900 + index, 4096);
}

/** Images that platter has not made, and must never touch; some with names that are nearly a disk's. */
function addForeign(cluster: Cluster): void {
  const namespace = cluster.namespace(imagePool);
  if (namespace === undefined) return;
  foreignImages.forEach((name, index) => {
    const image = addImage(cluster, namespace, name, foreignContent(index));
    image.snapshots.push(cluster.newSnapshot(image, 's1', 0));
  });
  const hostile = addImage(cluster, namespace, hostileImage, hostileImageContent());
  const shared = cluster.newSnapshot(hostile, 'snap', 0);
  hostile.snapshots.push({ ...shared, protection: 'protected' });
}

function addImage(
  cluster: Cluster,
  namespace: Namespace,
  name: string,
  content: RawContent,
): ClusterImage {
  const image = cluster.newImage(namespace, content, 0);
  namespace.directory.set(name, image.id);
  cluster.setId(namespace, name, image.id);
  cluster.addHeader(image);
  return image;
}

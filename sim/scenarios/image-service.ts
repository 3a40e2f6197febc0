/** An image service that keeps its images in the cluster of the disks: templates, and what was made of disks there. */
import { isOfService, sharedImage } from '../model/service-images.ts';
import { hostileImage, imagePool, serviceImages } from '../model/cluster-names.ts';
import type { Prng } from '../schedule/prng.ts';
import type { World } from '../world.ts';
import type { OperationKind, OperationSpec } from './scenario.ts';

/** Of the disk, while an image is made of it. */
export const directSnapshotName = 'direct';

/** Where images are local there is nothing to do. */
export const ofSharedStorage: ReadonlySet<OperationKind> = new Set([
  'import file',
  'clone image',
  'direct snapshot',
  'clean up image',
]);

/** Where it is, or would be. Undefined for templates, which are known by their names. */
export function locationOf(world: World, name: string): string | undefined {
  const { cluster } = world.stores;
  if (cluster === undefined || !isOfService(name)) return undefined;
  const pool = sharedImage(cluster, name)?.namespace.pool.name ?? imagePool;
  return `rbd://${cluster.fsid}/${pool}/${name}/snap`;
}

/** What the operation is about: an image, or a template that is in the cluster already. */
export function drawServiceImage(prng: Prng, kind: OperationKind, template: string): string {
  if (kind !== 'clone image') return prng.pick(serviceImages);
  if (prng.oneIn(2)) return template;
  return prng.oneIn(4) ? hostileImage : prng.pick(serviceImages);
}

/** What has to be there before. */
export function beforeService(last: OperationSpec, subject: string): OperationSpec {
  const { kind, other = '' } = last;
  if (other === hostileImage) return { kind: 'show', subject };
  return kind !== 'direct snapshot' && isOfService(other)
    ? { kind: 'direct snapshot', subject, other }
    : { kind: 'cache', subject, other };
}

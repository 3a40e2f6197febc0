/** An image service that keeps its images in the cluster of the disks: templates, and what was made of disks there. */
import { serviceImages, sharedImage } from '../model/service-images.ts';
import type { Prng } from '../schedule/prng.ts';
import type { World } from '../world.ts';
import type { OperationKind, OperationSpec } from './scenario.ts';

/** Of the disk, while an image is made of it. */
export const directSnapshotName = 'direct';

export const ofImageService: ReadonlySet<OperationKind> = new Set([
  'clone image',
  'direct snapshot',
  'clean up image',
]);

/** Undefined for one that is not there, and for templates, which are known by their names. */
export function locationOf(world: World, name: string): string | undefined {
  const { cluster } = world.stores;
  const image = cluster === undefined ? undefined : sharedImage(cluster, name);
  if (cluster === undefined || image === undefined) return undefined;
  return `rbd://${cluster.fsid}/${image.namespace.pool.name}/${name}/snap`;
}

/** What the operation is about: an image, or a template that is in the cluster already. */
export function drawServiceImage(prng: Prng, kind: OperationKind, template: string): string {
  return kind === 'clone image' && prng.oneIn(2) ? template : prng.pick(serviceImages);
}

/** What has to be there before. */
export function beforeService({ kind, other = '' }: OperationSpec, subject: string): OperationSpec {
  const isImage = (serviceImages as readonly string[]).includes(other);
  return kind !== 'direct snapshot' && isImage
    ? { kind: 'direct snapshot', subject, other }
    : { kind: 'cache', subject, other };
}

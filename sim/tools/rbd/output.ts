/** How rbd writes times and images into its JSON. */
import { parentSnapshot, type ClusterImage } from '../../cluster/image.ts';
import { nameOf } from '../../cluster/namespace.ts';

/** `Mon Nov 23 14:51:25 2026`, in UTC as on a host whose zone that is. */
export function ctime(ms: number): string {
  const [weekday = '', day = '', month = '', year = '', time = ''] = new Date(ms)
    .toUTCString()
    .split(/[ ,]+/);
  return `${weekday} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`;
}

export interface ParentJson {
  readonly pool: string;
  readonly pool_namespace: string;
  readonly image: string;
  readonly id: string;
  readonly snapshot: string;
  readonly trash: boolean;
  readonly overlap: number;
}

export function parentJson(image: ClusterImage): ParentJson | undefined {
  const { parent } = image;
  const snapshot = parentSnapshot(image);
  if (parent === undefined || snapshot === undefined) return undefined;
  const { namespace } = parent.image;
  return {
    pool: namespace.pool.name,
    pool_namespace: namespace.name,
    image: nameOf(parent.image) ?? '',
    id: parent.image.id,
    snapshot: snapshot.name,
    trash: namespace.trash.has(parent.image.id),
    overlap: Math.min(snapshot.content.sizeBytes, image.content.sizeBytes),
  };
}

/** What images take up in a cluster: objects that hold something that is not their parent's, nor an older snapshot's. */
import type { RawContent } from '../volume/content.ts';
import { parentContent, type ClusterImage } from './image.ts';

/** Bytes of the objects of `content` that are not shared with `before` (an older snapshot), or with the parent. */
export function allocatedIn(
  image: ClusterImage,
  content: RawContent,
  before: RawContent | undefined,
): number {
  const shared = before ?? parentContent(image);
  const objects = new Set<number>();
  for (const extent of content.extents) {
    const isShared = shared?.extents.some(
      (other) => other.at === extent.at && other.source === extent.source,
    );
    if (isShared === true) continue;
    const first = Math.floor(extent.at / image.objectBytes);
    const last = Math.floor((extent.at + extent.length - 1) / image.objectBytes);
    for (let object = first; object <= last; object += 1) objects.add(object);
  }
  return objects.size * image.objectBytes;
}

export function allocatedBytes(image: ClusterImage): number {
  let bytes = 0;
  let before: RawContent | undefined;
  for (const { content } of image.snapshots) {
    bytes += allocatedIn(image, content, before);
    before = content;
  }
  return bytes + allocatedIn(image, image.content, before);
}

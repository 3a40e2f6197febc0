/**
 * Extents that belong to no volume, with what was written to them last: whoever gets them next reads it, as from a real
 * disk.
 */
import { join, resize, slice, emptyContent, type RawContent } from '../volume/content.ts';

export class FreeExtents {
  readonly extentBytes: number;
  #areas: RawContent[];

  constructor(extents: number, extentBytes: number) {
    this.extentBytes = extentBytes;
    this.#areas = [resize(emptyContent, extents * extentBytes)];
  }

  /** What is left in them. */
  get areas(): readonly RawContent[] {
    return this.#areas;
  }

  get count(): number {
    return this.#areas.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / this.extentBytes;
  }

  /** What is in so many extents; the caller has made sure that there are as many. */
  take(extents: number): RawContent {
    const wanted = extents * this.extentBytes;
    const index = this.#areas.findIndex(({ sizeBytes }) => sizeBytes >= wanted);
    const area = this.#areas[index];
    if (area !== undefined) {
      this.#areas.splice(index, 1, ...after(area, wanted));
      return slice(area, 0, wanted);
    }
    let taken = emptyContent;
    while (taken.sizeBytes < wanted) {
      const first = this.#areas.shift();
      if (first === undefined) throw new Error('more extents are taken than are free');
      const part = Math.min(first.sizeBytes, wanted - taken.sizeBytes);
      taken = join(taken, slice(first, 0, part));
      this.#areas.unshift(...after(first, part));
    }
    return taken;
  }

  /** Given back, they are the first to be taken again. */
  give(content: RawContent): void {
    if (content.sizeBytes > 0) this.#areas.unshift(content);
  }
}

function after(area: RawContent, bytes: number): readonly RawContent[] {
  return area.sizeBytes > bytes ? [slice(area, bytes, area.sizeBytes)] : [];
}

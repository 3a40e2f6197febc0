/**
 * The room of a thin pool: blocks of data, each mapped by one thin volume or shared by several, and metadata that grows
 * with the mappings. Sizes of metadata are near those of fixtures/lvm-2.03, not equal to them.
 */
import type { RawContent } from '../volume/content.ts';
import { errno } from '../volume/errno.ts';

export const thinBlockBytes = 65_536;

/** Block of a volume to block of the pool. */
export type Mappings = Map<number, number>;

const metadataBase = 110;
const mappingsPerMetadataBlock = 120;

export class ThinPool {
  dataBlocks: number;
  /** Blocks of 4 KiB; a pool of LVM's default has 1024. */
  metadataBlocks: number;
  /** Taken by volumes that are none of anybody's business here. */
  foreignBlocks = 0;
  foreignMetadataBlocks = 0;
  /** Whether new blocks read as zeros; whether discards are taken. */
  zeroes = true;
  takesDiscards = true;
  /** Once full it stays so in reports until it has grown. */
  wasFull = false;
  /** Between two messages of a command that was killed there: nothing can be made or removed any more. */
  isStuck = false;
  /** Blocks with bytes of guests in them, whether or not a volume still has them. */
  readonly #written = new Set<number>();
  #nextBlock = 0;
  /** Given back, in the order in which they are given out again. */
  readonly #freed: number[] = [];
  #reused = 0;
  #mappings = 0;
  /** By the block: how many volumes have it; and how many blocks somebody has. */
  readonly #users: number[] = [];
  #usedBlocks = 0;

  constructor(dataBytes: number, metadataBlocks = 1024) {
    this.dataBlocks = Math.floor(dataBytes / thinBlockBytes);
    this.metadataBlocks = metadataBlocks;
  }

  get usedBlocks(): number {
    return this.#usedBlocks + this.foreignBlocks;
  }

  get usedMetadataBlocks(): number {
    const mapped = Math.ceil(this.#mappings / mappingsPerMetadataBlock);
    return metadataBase + mapped + this.foreignMetadataBlocks;
  }

  get dataPercent(): number {
    return (100 * this.usedBlocks) / this.dataBlocks;
  }

  get metadataPercent(): number {
    return (100 * this.usedMetadataBlocks) / this.metadataBlocks;
  }

  /** Blocks that are written: each gets a block of its own, unless it has one. ENOSPC with some of them mapped. */
  map(mappings: Mappings, ranges: readonly { at: number; length: number }[]): void {
    for (const range of ranges) {
      const { first, last } = blocksOf(range);
      for (let block = first; block <= last; block += 1) {
        this.#mapOne(mappings, block);
      }
    }
  }

  /** What `content` has come to be in these ranges. */
  note(mappings: Mappings, content: RawContent, ranges: readonly { at: number; length: number }[]) {
    for (const range of ranges) {
      const blocks = blocksOf(range);
      for (let block = blocks.first; this.#written.size > 0 && block <= blocks.last; block += 1) {
        this.#written.delete(mappings.get(block) ?? 0);
      }
      for (const extent of content.extents) {
        if (typeof extent.source === 'number') continue;
        const { first, last } = blocksOf(extent);
        const end = Math.min(last, blocks.last);
        for (let block = Math.max(first, blocks.first); block <= end; block += 1) {
          this.#written.add(mappings.get(block) ?? 0);
        }
      }
    }
  }

  /** What is in its extents, a piece for each block with bytes of guests. */
  remains(sizeBytes: number): RawContent {
    const source = new Uint8Array(16).fill(0xe5);
    const extents = [...this.#written]
      .sort((a, b) => a - b)
      .map((block) => ({ at: block * thinBlockBytes, length: source.length, source, from: 0 }));
    return { kind: 'raw', sizeBytes, extents };
  }

  grow(dataBlocks: number, metadataBlocks: number): void {
    this.dataBlocks += dataBlocks;
    this.metadataBlocks += metadataBlocks;
    this.wasFull = false;
  }

  #mapOne(mappings: Mappings, block: number): void {
    const known = mappings.get(block);
    if (known !== undefined && this.#users[known] === 1) return;
    if (this.usedBlocks >= this.dataBlocks) {
      this.wasFull = true;
      throw errno('ENOSPC');
    }
    if (this.usedMetadataBlocks >= this.metadataBlocks) throw errno('EIO');
    if (known === undefined) this.#mappings += 1;
    else this.#release(known);
    const fresh =
      this.#nextBlock < this.dataBlocks ? this.#nextBlock++ : (this.#freed[this.#reused++] ?? 0);
    if (this.zeroes) this.#written.delete(fresh);
    mappings.set(block, fresh);
    this.#users[fresh] = 1;
    this.#usedBlocks += 1;
  }

  /** The mappings of a snapshot. */
  share(mappings: Mappings): Mappings {
    for (const block of mappings.values()) {
      this.#users[block] = (this.#users[block] ?? 0) + 1;
    }
    this.#mappings += mappings.size;
    return new Map(mappings);
  }

  /** Gives back what lies in a range of a volume. */
  unmap(mappings: Mappings, start: number, end: number): void {
    for (const [block, target] of mappings) {
      if (block * thinBlockBytes < start || (block + 1) * thinBlockBytes > end) continue;
      mappings.delete(block);
      this.#mappings -= 1;
      this.#release(target);
    }
  }

  #release(block: number): void {
    const users = (this.#users[block] ?? 1) - 1;
    this.#users[block] = users;
    if (users > 0) return;
    this.#usedBlocks -= 1;
    this.#freed.push(block);
  }
}

function blocksOf({ at, length }: { at: number; length: number }) {
  return {
    first: Math.floor(at / thinBlockBytes),
    last: Math.floor((at + length - 1) / thinBlockBytes),
  };
}

/** What a volume is made with, and what it tells of itself. */
import type { Held, Inode } from './inode.ts';

export interface VolumeOptions {
  readonly id: number;
  readonly capacityBytes: number;
  /** Whether files can share extents (FICLONE). */
  readonly hasReflinks: boolean;
  /** Whether space can be reserved and freed (fallocate). */
  readonly hasFallocate: boolean;
}

/** Something that changed what can be seen; who did it is for the caller to say. */
export interface VolumeChange {
  readonly kind: 'appear' | 'vanish' | 'content';
  readonly path: string;
  readonly inode: Inode;
  /** Content before, for a change of content. */
  readonly before: Held | undefined;
}

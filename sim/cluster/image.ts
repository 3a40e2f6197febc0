/** What a simulated cluster keeps of an image. Contents are symbolic (../volume/content.ts) and shared, never copied. */
import type { RawContent } from '../volume/content.ts';
import type { ClusterClient } from './client.ts';
import type { Inode } from '../volume/inode.ts';
import type { Namespace } from './namespace.ts';

/** `unprotecting`: somebody was ended between asking for children and taking the protection off. */
type Protection = 'unprotected' | 'protected' | 'unprotecting';

export interface ClusterSnapshot {
  readonly id: number;
  name: string;
  /** Its size is the size that the image had then. */
  readonly content: RawContent;
  readonly createdMs: number;
  protection: Protection;
}

/** What a clone leans on; the snapshot is known by its number, so that it can be renamed, or be gone. */
interface ParentLink {
  readonly image: ClusterImage;
  readonly snapshotId: number;
}

interface ImageLock {
  readonly client: ClusterClient;
  /** `auto 139717232392864`, or what was said to `rbd lock add`. */
  readonly id: string;
  /** Taken by `rbd lock add`: nobody watches, nobody gives it back. */
  readonly isManual: boolean;
}

export interface ClusterImage {
  readonly id: string;
  readonly namespace: Namespace;
  /** For who opens it as a file: qemu and its tools. */
  readonly inode: Inode;
  readonly objectBytes: number;
  readonly features: readonly string[];
  readonly createdMs: number;
  modifiedMs: number;
  /** What a guest reads, through its parent; its size is the image's. */
  content: RawContent;
  /** Oldest first. */
  readonly snapshots: ClusterSnapshot[];
  parent: ParentLink | undefined;
  /** Whether a clone has ever leant on it. */
  wasCloned: boolean;
  /** Whether a machine has ever had it open while it had two names. */
  wasUsedByTwoNames: boolean;
  readonly metadata: Map<string, string>;
  readonly watchers: Set<ClusterClient>;
  lock: ImageLock | undefined;
}

export function parentSnapshot({ parent }: ClusterImage): ClusterSnapshot | undefined {
  return parent?.image.snapshots.find(({ id }) => id === parent.snapshotId);
}

export function parentContent(image: ClusterImage): RawContent | undefined {
  return parentSnapshot(image)?.content;
}

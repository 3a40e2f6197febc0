/** What stands behind a name on a simulated volume, and how much of it a power cut would leave. */
import type { Link, Node } from '@jsonjoy.com/fs-core';
import type { Device } from './device.ts';
import type { FileContent } from './file-content.ts';

export type InodeKind = 'file' | 'directory' | 'symlink' | 'other';

/** A change of a directory that is not durable yet. */
interface PendingName {
  /** Place in the order of all changes of the volume. */
  readonly order: number;
  /** Where a rename has put what stood here: its removal is never durable without its new name. */
  readonly movedTo: { readonly directory: Inode; readonly name: string } | undefined;
}

/**
 * What a file holds: a payload (an image), or a small text, which memfs keeps in the node. Values never change, so that
 * what was durable at some moment is a reference.
 */
export type Held = FileContent | string;

export interface Inode {
  readonly number: number;
  readonly kind: InodeKind;
  /** The node of memfs. */
  node: Node;
  /** Of directories: the one name of memfs that they have. */
  link: Link | undefined;
  mode: number;
  modifiedMs: number;
  links: number;
  /** Of what is no file: who keeps its content. */
  readonly device: Device | undefined;
  /** Of files that hold no text. */
  payload: FileContent | undefined;
  /** What survives a power cut for certain; undefined when the file was never synced. */
  durable: Held | undefined;
  isDirty: boolean;
  /** A sync failed, and what it was to write is dropped: later ones succeed, and nothing of that is there. */
  isDropped: boolean;
  /** Host whose memory holds what is not durable. */
  dirtyHost: number;
  /** Reserved for it, whether it holds something there or not. */
  reservedBytes: number;
  /** Shares its extents with another file, so that it takes no space of its own. */
  isClone: boolean;
  /** Of directories: how often a name in it has changed. */
  changes: number;
  /** Of directories: names that survive a power cut for certain. */
  readonly durableNames: Map<string, Inode>;
  /** Of directories: names that changed since. */
  readonly pendingNames: Map<string, PendingName>;
  /** Locks that qemu and its tools take on images. */
  readers: number;
  writers: number;
}

/** What a disk is at a moment, to whoever looks at the whole world at once. */
import { dataFingerprint, type RawContent } from '../volume/content.ts';
import type { FileContent } from '../volume/file-content.ts';
import type { Inode } from '../volume/inode.ts';
import { guestView } from '../volume/qcow2-content.ts';
import type { Volume } from '../volume/volume.ts';

/** References to contents, which never change: taking a view costs nothing. */
export interface DiskView {
  readonly inode: Inode;
  readonly content: FileContent;
  /** Those that are not kept in the content itself, by name. */
  readonly snapshots: ReadonlyMap<string, FileContent>;
}

/** What a guest reads of a file: of a qcow2 file through its layers, of any other its bytes. */
export function guestContent(volume: Volume, content: FileContent): RawContent {
  if (content.kind === 'raw') return content;
  return guestView(content.layer, backingContent(volume, content));
}

function backingContent(
  volume: Volume,
  { backing }: Extract<FileContent, { kind: 'qcow2' }>,
): RawContent | undefined {
  if (backing === undefined) return undefined;
  const inode = volume.peek(backing.path);
  if (inode === undefined) return undefined;
  return guestContent(volume, volume.content(inode));
}

export interface DiskState {
  readonly sizeBytes: number;
  /** Fingerprint of what the guest reads, without the size. */
  readonly guest: string;
  /** Name to fingerprint and size, in the order of the names. */
  readonly snapshots: string;
  readonly isSound: boolean;
}

/** The state of a disk as values that can be compared. */
export function stateOf(volume: Volume, view: DiskView): DiskState {
  const guest = guestContent(volume, view.content);
  return {
    sizeBytes: guest.sizeBytes,
    guest: bytesOf(guest),
    snapshots: [...snapshotStates(volume, view)]
      .map(([name, state]) => `${name}=${state}`)
      .sort()
      .join(';'),
    isSound: view.content.kind === 'raw' || view.content.damage === 'none',
  };
}

export function snapshotStates(volume: Volume, view: DiskView): ReadonlyMap<string, string> {
  const states = new Map<string, string>();
  for (const [name, content] of view.snapshots) {
    states.set(name, sizedState(guestContent(volume, content)));
  }
  if (view.content.kind === 'raw') return states;
  const backing = backingContent(volume, view.content);
  for (const { name, layer } of view.content.snapshots) {
    states.set(name, sizedState(guestView(layer, backing)));
  }
  return states;
}

function sizedState(content: RawContent): string {
  return `${content.sizeBytes} ${bytesOf(content)}`;
}

/** Bytes alone: growing a disk by zeros leaves them the same. */
export function bytesOf(content: RawContent): string {
  return dataFingerprint(content);
}

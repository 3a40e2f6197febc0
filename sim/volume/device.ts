/**
 * What stands behind an inode that is no file: a logical volume, a mapping, an image of a cluster. Whoever has it decides
 * what a write means and what a power cut leaves, and tells of changes by itself.
 */
import type { RawContent } from './content.ts';
import { errno } from './errno.ts';
import type { Held, Inode } from './inode.ts';
import type { Volume } from './volume.ts';

export interface Device {
  read(): RawContent;
  /** The whole content after a write; it keeps its size. Throws ENOSPC, EIO or EPERM. */
  write(content: RawContent): void;
  /** A write through a cache could not be carried out. */
  lose?(): void;
  /** Throws what earlier writes have kept to themselves. */
  sync(): void;
  /** A machine opens it. Its killing is not its closing to a cluster. */
  readonly open?: () => { readonly close: () => void; readonly die: () => void };
}

export function writeDevice(device: Device, held: Held, path: string): void {
  if (typeof held === 'string' || held.kind !== 'raw') throw errno('EINVAL', path);
  device.write(held);
}

/** An inode without a name. */
export function createDevice(volume: Volume, device: Device): Inode {
  return volume.tree.create('other', 0o660, device);
}

/** Names of devices are kept by no disk: a power cut takes them all. */
export function addNode(volume: Volume, path: string, inode: Inode): void {
  removeNode(volume, path);
  volume.tree.attach(volume.tree.place(path), inode);
}

export function removeNode(volume: Volume, path: string): void {
  if (volume.peek(path) !== undefined) volume.tree.detach(volume.tree.place(path));
}

/** An open file of a simulated process: it stays what it is, whatever becomes of its name. */
import { isHostError } from '../src/errors.ts';
import type { FileEnds, FileHandle, FileStat, OpenFile } from '../src/ports/filesystem.ts';
import type { Fault } from './faults/fault.ts';
import type { SimProcess } from './process.ts';
import { blockBytes, holeBytes } from './volume/content.ts';
import { errno } from './volume/errno.ts';
import { readContent, truncateContent, writeContent } from './volume/file-content.ts';
import type { Inode } from './volume/inode.ts';
import type { Volume } from './volume/volume.ts';
import type { World } from './world.ts';

/** What a process has open. */
interface Opened {
  readonly world: World;
  readonly process: SimProcess;
  readonly path: string;
  readonly inode: Inode;
}

class SimOpened {
  readonly path: string;
  readonly volume: Volume;
  protected readonly inode: Inode;
  protected isOpen = true;
  readonly #opened: Opened;

  constructor(opened: Opened) {
    this.path = opened.path;
    this.volume = opened.world.volume;
    this.inode = opened.inode;
    this.#opened = opened;
  }

  protected call<Value>(
    name: string,
    effect: (volume: Volume, fault: Fault | undefined) => Value,
  ): Promise<Value> {
    const { world, process } = this.#opened;
    return world.call(process, `file.${name}`, this.path, (fault) => {
      if (!this.isOpen) throw errno('EBADF', this.path);
      if (fault !== undefined && name !== 'sync') failBefore(fault, this.path);
      const answer = effect(this.volume, fault);
      if (isUnanswered(fault)) throw errno('EIO', this.path);
      return answer;
    });
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.call('read', (volume) => {
      if (this.inode.kind === 'directory') throw errno('EISDIR', this.path);
      return readContent(volume.content(this.inode), buffer, position, volume.images);
    });
  }
}

/** Looked at, and read at its ends, in the call that opened it. */
export class SimOpenFile extends SimOpened implements OpenFile {
  readonly stat: FileStat;
  readonly head: Uint8Array;
  readonly tail: Uint8Array;

  constructor(opened: Opened, { headBytes = 0, tailBytes = 0 }: FileEnds) {
    super(opened);
    this.stat = statOf(this.volume, this.inode);
    const sizeBytes = this.inode.kind === 'file' ? this.stat.sizeBytes : 0;
    this.head = this.#piece(0, Math.min(headBytes, sizeBytes));
    this.tail = this.#piece(Math.max(0, sizeBytes - tailBytes), Math.min(tailBytes, sizeBytes));
  }

  #piece(position: number, length: number): Uint8Array {
    const buffer = new Uint8Array(length);
    if (length > 0) {
      readContent(this.volume.content(this.inode), buffer, position, this.volume.images);
    }
    return buffer;
  }

  statNow(): Promise<FileStat> {
    return this.call('stat', (volume) => statOf(volume, this.inode));
  }

  cloneTo(target: string): Promise<void> {
    return this.call('cloneTo', (volume) => volume.clone(this.inode, target));
  }

  close(): void {
    this.isOpen = false;
  }
}

export class SimFileHandle extends SimOpened implements FileHandle {
  stat(): Promise<FileStat> {
    return this.call('stat', (volume) => statOf(volume, this.inode));
  }

  write(buffer: Uint8Array, position: number): Promise<void> {
    return this.call('write', (volume) => {
      const isFile = this.inode.device === undefined && !this.inode.isClone;
      const put = (bytes: Uint8Array) => {
        const before = volume.content(this.inode);
        // Zeros are not kept, but whoever writes them needs as much as for anything else.
        const end = position + bytes.length;
        if (before.kind === 'raw' && isFile && this.inode.reservedBytes < end) {
          volume.requireRoom(holeBytes(before, position, end), this.path);
        }
        const content = writeContent(before, position, bytes, volume.images);
        volume.setContent(this.inode, content, this.path);
      };
      try {
        put(buffer);
      } catch (error) {
        // What still had room is written all the same.
        const room =
          Math.floor((volume.capacityBytes - volume.usedBytes) / blockBytes) * blockBytes;
        if (isFile && isHostError(error, 'ENOSPC') && room > 0) put(buffer.subarray(0, room));
        throw error;
      }
    });
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.call('truncate', (volume) => {
      const content = truncateContent(volume.content(this.inode), sizeBytes);
      volume.setContent(this.inode, content, this.path);
    });
  }

  sync(): Promise<void> {
    return this.call('sync', (volume, fault) => syncInode(volume, this.inode, fault));
  }

  close(): Promise<void> {
    return this.call('close', () => {
      this.isOpen = false;
    });
  }
}

/**
 * Linux drops what it could not write: the next sync succeeds, and the content is not there all the same. Here it does so of
 * files that were never synced. (Of what is changed in place it stays to be written: nobody can tell there what has come
 * about, and nothing is promised.)
 */
export function syncInode(volume: Volume, inode: Inode, fault: Fault | undefined): void {
  if (fault?.kind === 'lies') return;
  const fails = fault?.kind === 'EIO' || fault?.kind === 'ENOSPC';
  if (fails && inode.kind === 'file' && inode.durable === undefined) inode.isDropped = true;
  if (fault !== undefined) failBefore(fault, '');
  volume.sync(inode);
}

export function failBefore({ kind }: Fault, path: string): void {
  if (/^E[A-Z]+$/.test(kind)) throw errno(kind, path);
}

/** Whether what was asked for is done, and told as a failure. */
export function isUnanswered(fault: Fault | undefined): boolean {
  return fault?.kind === 'lost reply' || fault?.kind === 'server away';
}

export function statOf(volume: Volume, inode: Inode): FileStat {
  return {
    kind: inode.kind,
    sizeBytes: volume.sizeBytes(inode),
    allocatedBytes: volume.allocatedBytes(inode),
    links: inode.kind === 'directory' ? 2 : inode.links,
    device: volume.options.id,
    inode: inode.number,
    mode: inode.mode,
    modifiedMs: inode.modifiedMs,
  };
}

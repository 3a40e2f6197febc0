/** An open file of a simulated process: it stays what it is, whatever becomes of its name. */
import { isHostError } from '../src/errors.ts';
import type { FileHandle, FileStat } from '../src/ports/filesystem.ts';
import type { Fault } from './faults/fault.ts';
import type { SimProcess } from './process.ts';
import { errno } from './volume/errno.ts';
import { readContent, truncateContent, writeContent } from './volume/file-content.ts';
import type { Inode } from './volume/inode.ts';
import type { Volume } from './volume/volume.ts';
import type { World } from './world.ts';

type OpenMode = 'read' | 'write' | 'create';

const blockBytes = 4096;

export class SimFileHandle implements FileHandle {
  readonly path: string;
  readonly #world: World;
  readonly #process: SimProcess;
  readonly #inode: Inode;
  readonly #mode: OpenMode;
  #isOpen = true;

  constructor(world: World, process: SimProcess, path: string, inode: Inode, mode: OpenMode) {
    this.#world = world;
    this.#process = process;
    this.path = path;
    this.#inode = inode;
    this.#mode = mode;
  }

  #call<Value>(
    name: string,
    effect: (volume: Volume, fault: Fault | undefined) => Value,
  ): Promise<Value> {
    return this.#world.call(this.#process, `file.${name}`, this.path, (fault) => {
      if (!this.#isOpen) throw errno('EBADF', this.path);
      if (fault !== undefined && name !== 'sync') failBefore(fault, this.path);
      return effect(this.#world.volume, fault);
    });
  }

  stat(): Promise<FileStat> {
    return this.#call('stat', (volume) => statOf(volume, this.#inode));
  }

  read(buffer: Uint8Array, position: number): Promise<number> {
    return this.#call('read', (volume) => {
      if (this.#inode.kind === 'directory') throw errno('EISDIR', this.path);
      return readContent(volume.content(this.#inode), buffer, position, volume.images);
    });
  }

  write(buffer: Uint8Array, position: number): Promise<void> {
    return this.#call('write', (volume) => {
      this.#requireWritable();
      const put = (bytes: Uint8Array) => {
        const content = writeContent(volume.content(this.#inode), position, bytes, volume.images);
        volume.setContent(this.#inode, content, this.path);
      };
      try {
        put(buffer);
      } catch (error) {
        // What still had room is written all the same.
        const room =
          Math.floor((volume.capacityBytes - volume.usedBytes) / blockBytes) * blockBytes;
        const isFile = this.#inode.device === undefined;
        if (isFile && isHostError(error, 'ENOSPC') && room > 0) put(buffer.subarray(0, room));
        throw error;
      }
    });
  }

  #requireWritable(): void {
    if (this.#mode === 'read') throw errno('EBADF', this.path);
  }

  truncate(sizeBytes: number): Promise<void> {
    return this.#call('truncate', (volume) => {
      if (this.#mode === 'read') throw errno('EINVAL', this.path);
      const content = truncateContent(volume.content(this.#inode), sizeBytes);
      volume.setContent(this.#inode, content, this.path);
    });
  }

  sync(): Promise<void> {
    return this.#call('sync', (volume, fault) => syncInode(volume, this.#inode, fault));
  }

  cloneTo(target: string): Promise<void> {
    return this.#call('cloneTo', (volume) => volume.clone(this.#inode, target));
  }

  close(): Promise<void> {
    return this.#call('close', () => {
      this.#isOpen = false;
    });
  }
}

/**
 * After a sync that failed the system may have dropped what it could not write: the next sync succeeds, and the content
 * is not there all the same.
 */
export function syncInode(volume: Volume, inode: Inode, fault: Fault | undefined): void {
  if (fault?.kind === 'lies') return;
  if (fault !== undefined) failBefore(fault, '');
  volume.sync(inode);
}

export function failBefore({ kind }: Fault, path: string): void {
  if (/^E[A-Z]+$/.test(kind)) throw errno(kind, path);
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

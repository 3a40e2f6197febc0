/** Files that are open. */
import { closeSync, constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import type { FileHandle, Filesystem, FileStat, OpenFile } from '../ports/filesystem.ts';
import { errno, fill, openDescriptor, readAt, statOpen, writeAll } from './node-descriptors.ts';
import { statOf } from './node-stat.ts';

/** Not waiting for a writer, should it turn out to be a pipe. */
const readFlags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;

export const openRead: Filesystem['openRead'] = async (
  path,
  { headBytes = 0, tailBytes = 0 } = {},
) => {
  const descriptor = await openDescriptor(path, readFlags);
  try {
    const stat = statOf(await statOpen(descriptor, { bigint: true }));
    const sizeBytes = stat.kind === 'file' ? stat.sizeBytes : 0;
    const head = await readAt(descriptor, 0, Math.min(headBytes, sizeBytes));
    const tailPosition = Math.max(0, sizeBytes - tailBytes);
    const tail =
      head.length === sizeBytes
        ? head.subarray(tailPosition)
        : await readAt(descriptor, tailPosition, sizeBytes - tailPosition);
    return new NodeOpenFile(path, descriptor, { stat, head, tail });
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
};

class NodeOpenFile implements OpenFile {
  readonly path: string;
  readonly stat: FileStat;
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
  /** Undefined once it is closed: the number may be another file's by then. */
  #descriptor: number | undefined;

  constructor(
    path: string,
    descriptor: number,
    { stat, head, tail }: Pick<OpenFile, 'stat' | 'head' | 'tail'>,
  ) {
    this.path = path;
    this.#descriptor = descriptor;
    this.stat = stat;
    this.head = head;
    this.tail = tail;
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    return fill(this.#open(), buffer, position);
  }

  async statNow(): Promise<FileStat> {
    return statOf(await statOpen(this.#open(), { bigint: true }));
  }

  async cloneTo(target: string): Promise<void> {
    return cloneFile(`/proc/self/fd/${this.#open()}`, target);
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  #open(): number {
    if (this.#descriptor === undefined) throw errno('EBADF', this.path);
    return this.#descriptor;
  }
}

export const openFlags = {
  write: constants.O_RDWR | constants.O_NOFOLLOW,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
};

export const openFile: Filesystem['open'] = async (path, mode, permissions = 0o644) => {
  const handle = await fs.open(path, openFlags[mode], permissions);
  return {
    path,
    stat: async () => statOf(await handle.stat({ bigint: true })),
    read: async (buffer, position) => fill(handle.fd, buffer, position),
    write: async (buffer, position) => writeAll(handle.fd, buffer, position),
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    sync: () => handle.sync(),
    close: () => handle.close(),
  } satisfies FileHandle;
};

/** FICLONE or nothing: Node's own fallback would copy the holes as zeros. */
export function cloneFile(source: string, target: string): Promise<void> {
  return fs.copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
}

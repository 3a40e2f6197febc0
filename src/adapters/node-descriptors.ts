/**
 * Files by their descriptors, with no more trips to the thread pool than need be: each call of node:fs/promises that a
 * FileHandle takes is another one.
 */
import { close, closeSync, constants, fstat, fsync, ftruncate, open, read, write } from 'node:fs';
import { promisify } from 'node:util';

export const openDescriptor = promisify(open);
export const syncOpen = promisify(fsync);
export const truncateOpen = promisify(ftruncate);
export const readOpen = promisify(read);
export const statOpen = promisify(fstat);
export const closeDescriptor = promisify(close);
const writeOpen = promisify(write);

/**
 * Opens for what leaves nothing to flush: then closing cannot fail, nor wait. No links to files; the directory of an
 * instance may be one to where there is more room.
 */
export async function withOpen<Result>(
  path: string,
  flags: number,
  act: (descriptor: number) => Promise<Result>,
): Promise<Result> {
  const isDirectory = (flags & constants.O_DIRECTORY) !== 0;
  const descriptor = await openDescriptor(path, isDirectory ? flags : flags | constants.O_NOFOLLOW);
  try {
    return await act(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export async function readAt(
  descriptor: number,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, length === 0 ? 0 : await fill(descriptor, buffer, position));
}

export async function fill(
  descriptor: number,
  buffer: Uint8Array,
  position: number,
): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const left = buffer.length - done;
    const { bytesRead } = await readOpen(descriptor, buffer, done, left, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

export async function writeAll(
  descriptor: number,
  buffer: Uint8Array,
  position: number,
): Promise<void> {
  let done = 0;
  while (done < buffer.length) {
    const left = buffer.length - done;
    const { bytesWritten } = await writeOpen(descriptor, buffer, done, left, position + done);
    done += bytesWritten;
  }
}

export function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, path });
}

/**
 * Files, by node:fs. Space is reserved and freed by fallocate(1), for Node has no such call.
 *
 * Each call of node:fs/promises is a trip to another thread and back, which costs more than most of the system calls
 * themselves, and small files are read and synced all the time: so no more trips are made than need be, and what was
 * only read is closed on the spot.
 */
import { closeSync, constants, fsync, ftruncate, open, read, type BigIntStats } from 'node:fs';
import * as fs from 'node:fs/promises';
import { promisify } from 'node:util';
import type { Executor } from '../ports/executor.ts';
import type {
  DirectoryEntry,
  FileHandle,
  FileKind,
  Filesystem,
  FileStat,
} from '../ports/filesystem.ts';

const readTextMaxBytes = 1024 * 1024;
const statBlockBytes = 512n;

export function nodeFilesystem(executor: Executor): Filesystem {
  return {
    open: openFile,

    stat: async (path) => statOf(await fs.lstat(path, { bigint: true })),

    async readDirectory(path) {
      const entries = await fs.readdir(path, { withFileTypes: true });
      return entries
        .map((entry): DirectoryEntry => ({ name: entry.name, kind: kindOf(entry) }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    readText: (path, maxBytes = readTextMaxBytes) =>
      withOpen(path, 0, (descriptor) => readToEnd(descriptor, path, maxBytes)),

    readBytes: (path, position, length) =>
      withOpen(path, 0, async (descriptor) => {
        const buffer = Buffer.alloc(length);
        const { bytesRead } = await readOpen(descriptor, buffer, 0, length, position);
        return buffer.subarray(0, bytesRead);
      }),

    async createText(path, text, { permissions = 0o644, isDurable = true } = {}) {
      const handle = await fs.open(path, 'wx', permissions);
      try {
        await handle.writeFile(text);
        if (isDurable) await handle.sync();
      } catch (error) {
        await fs.rm(path, { force: true });
        throw error;
      } finally {
        await handle.close();
      }
    },

    makeDirectory: (path) => fs.mkdir(path),
    removeDirectory: (path) => fs.rmdir(path),
    removeTree,
    rename: (source, target) => fs.rename(source, target),
    link: (source, target) => fs.link(source, target),
    unlink: (path) => fs.unlink(path),
    truncate: (path, sizeBytes) =>
      withOpen(path, constants.O_WRONLY, (descriptor) => truncateOpen(descriptor, sizeBytes)),
    setPermissions: (path, permissions) => fs.chmod(path, permissions),

    async touch(path) {
      const now = new Date();
      await fs.utimes(path, now, now);
    },

    sync: (path) => withOpen(path, 0, syncOpen),
    syncDirectory: (path) => withOpen(path, constants.O_DIRECTORY, syncOpen),

    clone: (source, target) => cloneFile(source, target),
    allocate: (path, length) => fallocate(executor, path, ['-n', '-l', String(length)]),
    punchHole: (path, position, length) =>
      fallocate(executor, path, ['-p', '-o', String(position), '-l', String(length)]),

    async space(path) {
      const { bsize, blocks, bavail } = await fs.statfs(path, { bigint: true });
      return { totalBytes: Number(bsize * blocks), availableBytes: Number(bsize * bavail) };
    },

    supportsDirectIo,
  };
}

const openFlags = {
  // Not waiting for a writer, should it turn out to be a pipe.
  read: constants.O_RDONLY | constants.O_NONBLOCK,
  write: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};

const openFile: Filesystem['open'] = async (path, mode, permissions = 0o644) => {
  const handle = await fs.open(path, openFlags[mode] | constants.O_NOFOLLOW, permissions);
  return {
    path,
    stat: async () => statOf(await handle.stat({ bigint: true })),
    read: (buffer, position) => fill(handle, buffer, position),
    write: (buffer, position) => writeAll(handle, buffer, position),
    truncate: (sizeBytes) => handle.truncate(sizeBytes),
    sync: () => handle.sync(),
    cloneTo: (target) => cloneFile(`/proc/self/fd/${handle.fd}`, target),
    close: () => handle.close(),
  } satisfies FileHandle;
};

/** FICLONE or nothing: Node's own fallback would copy the holes as zeros. */
function cloneFile(source: string, target: string): Promise<void> {
  return fs.copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE);
}

async function fill(handle: fs.FileHandle, buffer: Uint8Array, position: number): Promise<number> {
  let done = 0;
  while (done < buffer.length) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

async function writeAll(handle: fs.FileHandle, buffer: Uint8Array, position: number) {
  let done = 0;
  while (done < buffer.length) {
    const { bytesWritten } = await handle.write(
      buffer,
      done,
      buffer.length - done,
      position + done,
    );
    done += bytesWritten;
  }
}

const openDescriptor = promisify(open);
const syncOpen = promisify(fsync);
const truncateOpen = promisify(ftruncate);
const readOpen = promisify(read);

/** Opens for what leaves nothing to flush: then closing cannot fail, nor wait. */
async function withOpen<Result>(
  path: string,
  flags: number,
  act: (descriptor: number) => Promise<Result>,
): Promise<Result> {
  const descriptor = await openDescriptor(path, constants.O_NOFOLLOW | flags);
  try {
    return await act(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

const pieceBytes = 4096;

/** A read is short only at the end of a file. */
async function readToEnd(descriptor: number, path: string, maxBytes: number): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for (;;) {
    const piece = Buffer.alloc(Math.max(pieceBytes, sizeBytes));
    const { bytesRead } = await readOpen(descriptor, piece, 0, piece.length, sizeBytes);
    pieces.push(piece.subarray(0, bytesRead));
    sizeBytes += bytesRead;
    if (sizeBytes > maxBytes) throw errno('EFBIG', path);
    if (bytesRead < piece.length) return Buffer.concat(pieces).toString('utf8');
  }
}

/** As `rm -rf`. Node's own looks at everything several times. */
async function removeTree(path: string): Promise<void> {
  try {
    await fs.unlink(path);
  } catch (error) {
    // Only now is it known to be no symbolic link, which must not be followed.
    if (isErrno(error, 'EISDIR')) await removeDirectoryTree(path);
    else if (!isErrno(error, 'ENOENT', 'ENOTDIR')) throw error;
  }
}

async function removeDirectoryTree(path: string): Promise<void> {
  try {
    for (const entry of await fs.readdir(path, { withFileTypes: true })) {
      const inner = `${path}/${entry.name}`;
      await (entry.isDirectory() ? removeDirectoryTree(inner) : removeTree(inner));
    }
    await fs.rmdir(path);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

function isErrno(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(String((error as { code?: unknown } | null)?.code));
}

async function supportsDirectIo(directory: string): Promise<boolean> {
  const path = `${directory}/.platter-directio~${process.pid}`;
  try {
    const handle = await fs.open(
      path,
      constants.O_WRONLY | constants.O_CREAT | constants.O_DIRECT,
      0o600,
    );
    await handle.close();
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EINVAL' || code === 'ENOENT') return false;
    throw error;
  } finally {
    await fs.rm(path, { force: true });
  }
}

async function fallocate(executor: Executor, path: string, args: string[]): Promise<void> {
  const { exitCode, stderr } = await executor.run({ file: 'fallocate', args: [...args, path] });
  if (exitCode === 0) return;
  const [, code] = failures.find(([text]) => stderr.includes(text)) ?? ['', 'EIO'];
  throw errno(code, path);
}

/** fallocate (util-linux 2.38) exits with 1 and says why. */
const failures = [
  ['not supported', 'EOPNOTSUPP'],
  ['No space left on device', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['File too large', 'EFBIG'],
  ['No such file', 'ENOENT'],
  ['Permission denied', 'EACCES'],
  ['Read-only file system', 'EROFS'],
] as const;

function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, path });
}

function statOf(stat: BigIntStats): FileStat {
  return {
    kind: kindOf(stat),
    sizeBytes: Number(stat.size),
    allocatedBytes: Number(stat.blocks * statBlockBytes),
    links: Number(stat.nlink),
    device: Number(stat.dev),
    inode: Number(stat.ino),
    mode: Number(stat.mode) & 0o7777,
    modifiedMs: Number(stat.mtimeMs),
  };
}

interface Kinds {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

function kindOf(entry: Kinds): FileKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'symlink' : 'other';
}

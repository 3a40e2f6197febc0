/**
 * Files, by node:fs. Space is reserved and freed by fallocate(1), for Node has no such call.
 *
 * Each call of node:fs/promises is a trip to another thread and back, which costs more than most of the system calls
 * themselves, and small files are read and synced all the time: so no more trips are made than need be, and what was
 * only read is closed on the spot.
 */
import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import type { Executor } from '../ports/executor.ts';
import type { DirectoryEntry, Filesystem, NamedText } from '../ports/filesystem.ts';
import {
  closeDescriptor,
  errno,
  openDescriptor,
  readAt,
  readOpen,
  syncOpen,
  truncateOpen,
  withOpen,
  writeAll,
} from './node-descriptors.ts';
import { cloneFile, openFile, openFlags, openRead } from './node-open-files.ts';
import { kindOf, statOf } from './node-stat.ts';

const readTextMaxBytes = 1024 * 1024;

export function nodeFilesystem(executor: Executor): Filesystem {
  return {
    openRead,
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

    async readTexts(directory, maxBytes = readTextMaxBytes) {
      const texts: NamedText[] = [];
      for (const entry of await fs.readdir(directory, { withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const path = `${directory}/${entry.name}`;
        const text = await withOpen(path, 0, (descriptor) =>
          readToEnd(descriptor, path, maxBytes),
        ).catch(unlessGone);
        if (text !== undefined) texts.push({ name: entry.name, text });
      }
      return texts.sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    readBytes: (path, position, length) =>
      withOpen(path, 0, (descriptor) => readAt(descriptor, position, length)),

    async createText(path, text, { permissions = 0o644, isDurable = true } = {}) {
      const descriptor = await openDescriptor(path, openFlags.create, permissions);
      try {
        await writeAll(descriptor, Buffer.from(text), 0);
        if (isDurable) await syncOpen(descriptor);
      } catch (error) {
        await fs.rm(path, { force: true });
        throw error;
      } finally {
        await closeDescriptor(descriptor);
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

    copyPermissions,

    async touch(path) {
      const now = new Date();
      await fs.utimes(path, now, now);
    },

    sync: (...paths) => syncAll(paths, 0),
    syncDirectory: (...paths) => syncAll(paths, constants.O_DIRECTORY),

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

/** At once, so that they share what the journal writes. Ends when none is under way any more, also when one has failed. */
async function syncAll(paths: readonly string[], flags: number): Promise<void> {
  const synced = await Promise.allSettled(paths.map((path) => withOpen(path, flags, syncOpen)));
  const failed = synced.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
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

/** The owner first: whoever gives a file away loses some of its permission bits. */
async function copyPermissions(source: string, target: string): Promise<void> {
  const { uid, gid, mode } = await fs.lstat(source);
  const now = await fs.lstat(target);
  if (now.uid !== uid || now.gid !== gid) await fs.chown(target, uid, gid);
  await fs.chmod(target, mode & 0o7777);
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

function unlessGone(error: unknown): undefined {
  if (!isErrno(error, 'ENOENT')) throw error;
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

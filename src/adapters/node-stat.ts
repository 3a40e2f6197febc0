/** What the kernel tells of files, in the words of the port. */
import type { BigIntStats } from 'node:fs';
import type { FileKind, FileStat } from '../ports/filesystem.ts';

const statBlockBytes = 512n;

export function statOf(stat: BigIntStats): FileStat {
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

export function kindOf(entry: Kinds): FileKind {
  if (entry.isFile()) return 'file';
  if (entry.isDirectory()) return 'directory';
  return entry.isSymbolicLink() ? 'symlink' : 'other';
}

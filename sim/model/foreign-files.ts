/** Files that somebody who is not platter has put where disks are to be: platter has to leave them as they are. */
import { parentOf } from '../../src/workspace/area.ts';
import type { FileContent } from '../volume/file-content.ts';
import type { Inode } from '../volume/inode.ts';
import type { World } from '../world.ts';
import { diskPath } from './layout.ts';

interface ForeignFile {
  readonly inode: Inode;
  readonly content: FileContent;
  /** When it was put there. */
  readonly step: number;
}

/** By address. */
export function foreignFiles(world: World): Map<string, ForeignFile> {
  return world.shared('foreign files', () => new Map<string, ForeignFile>());
}

export function isForeign(world: World, inode: Inode): boolean {
  for (const file of foreignFiles(world).values()) if (file.inode === inode) return true;
  return false;
}

/** Whether a path is one of them, or a directory that holds one. */
export function leadsToForeign(world: World, path: string): boolean {
  return [...foreignFiles(world).keys()].some((address) => {
    const file = diskPath(address);
    return file === path || file.startsWith(`${path}/`);
  });
}

/** Whether a path is beside one of them: a record, or disk.info. */
export function isBesideForeign(world: World, path: string): boolean {
  return [...foreignFiles(world).keys()].some((address) => {
    const directory = parentOf(diskPath(address));
    return path === `${directory}/disk.info` || path.startsWith(`${directory}/.platter`);
  });
}

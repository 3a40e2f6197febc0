/** Disks that are files of the instances directory: flat and qcow2. */
import { sectorBytes } from '../../src/sizes.ts';
import type { FileContent } from '../volume/file-content.ts';
import type { Volume } from '../volume/volume.ts';
import type { World } from '../world.ts';
import type { DiskStore } from './disk-store.ts';
import { foreignFiles, isForeign } from './foreign-files.ts';
import { diskPath, flatSnapshotsPath, meaningOf } from './layout.ts';

export function fileStore(
  world: World,
  { takesSnapshots }: { takesSnapshots: boolean },
): DiskStore {
  const { volume } = world;
  const find = (address: string) => {
    const inode = volume.peek(diskPath(address));
    return inode?.kind === 'file' && !isForeign(world, inode) ? inode : undefined;
  };
  return {
    granuleBytes: sectorBytes,
    takesSnapshots,
    hasDiskInfo: true,
    growsWhileOpen: false,
    mayRunOut: false,
    fencesOff: true,
    isTaken: (address) =>
      foreignFiles(world).has(address) ||
      (find(address) === undefined && snapshotFiles(volume, address).size > 0),
    meaningOf: (path, inode) => (isForeign(world, inode) ? undefined : meaningOf(path)),
    view(address) {
      const inode = find(address);
      if (inode === undefined) return undefined;
      const content = volume.content(inode);
      return { inode, content, snapshots: snapshotFiles(volume, address) };
    },
    openable: find,
    leftovers: () => [],
    remains: () => [],
  };
}

const none: ReadonlyMap<string, FileContent> = new Map();

/** Of flat images, whose snapshots are files. */
function snapshotFiles(volume: Volume, address: string): ReadonlyMap<string, FileContent> {
  const path = flatSnapshotsPath(address);
  if (volume.peek(path) === undefined) return none;
  const files = new Map<string, FileContent>();
  for (const [entry, inode] of volume.list(path)) {
    files.set(entry.replace(/^\d+~/, ''), volume.content(inode));
  }
  return files;
}

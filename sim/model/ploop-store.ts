/**
 * Disks of ploop: directories of the instances directory, with a descriptor that says which of their files are what. A
 * change of one of those is a change of the disk.
 */
import type { Inode } from '../volume/inode.ts';
import type { VolumeChange } from '../volume/volume-change.ts';
import type { Volume } from '../volume/volume.ts';
import type { World } from '../world.ts';
import type { DiskStore } from './disk-store.ts';
import { diskPath, instancesPath, meaningOf } from './layout.ts';
import { readPloopDisk, type PloopDisk } from './ploop-disk.ts';
import { PloopMounts } from './ploop-mounts.ts';

const granuleBytes = 2 ** 20;

export function ploopStore({ volume }: World): DiskStore {
  const mounts = new PloopMounts(volume);
  /** As they were last seen. */
  const known = new Map<string, PloopDisk>();
  const look = (address: string) => {
    const disk = readPloopDisk(volume, diskPath(address));
    if (disk === undefined) known.delete(address);
    else known.set(address, disk);
    return disk;
  };
  return {
    granuleBytes,
    takesSnapshots: true,
    hasDiskInfo: false,
    growsWhileOpen: false,
    mayRunOut: false,
    tellsUse: false,
    meaningOf,
    changeOfDisk(change) {
      const address = addressOf(known, change);
      const inode = address === undefined ? undefined : volume.peek(diskPath(address));
      if (address === undefined || inode === undefined) return change;
      const before = known.get(address)?.content;
      const kind = readPloopDisk(volume, diskPath(address)) === undefined ? 'vanish' : 'content';
      return { kind, path: diskPath(address), inode, before };
    },
    view(address) {
      const disk = look(address);
      const inode = volume.peek(diskPath(address));
      if (disk === undefined || inode === undefined) return undefined;
      return { inode, content: disk.content, snapshots: disk.snapshots };
    },
    openable(address) {
      const disk = readPloopDisk(volume, diskPath(address));
      return disk === undefined ? undefined : mounts.deviceOf(diskPath(address), disk);
    },
    leftovers: () => [...known.keys()].flatMap((address) => unnamedIn(volume, address)),
    remains: () => [],
  };
}

/** Of the disk that one of its own files belongs to; undefined where the change is of no disk, or of a disk as a whole. */
function addressOf(
  known: ReadonlyMap<string, PloopDisk>,
  { kind, path, inode }: VolumeChange,
): string | undefined {
  if (kind === 'content') {
    // Under whichever of its names.
    for (const [address, { images }] of known) if (images.has(inode)) return address;
    return undefined;
  }
  if (!path.startsWith(`${instancesPath}/`)) return undefined;
  const [instance = '', disk = '', file, ...rest] = path.slice(instancesPath.length + 1).split('/');
  if (file === undefined || rest.length > 0) return undefined;
  const address = `${instance}/${disk}`;
  const before = known.get(address);
  return before !== undefined && isNamed(before, file, inode) ? address : undefined;
}

function isNamed({ images }: PloopDisk, file: string, inode: Inode): boolean {
  return file === 'DiskDescriptor.xml' || images.has(inode);
}

/** Files in the directory of a disk that its descriptor does not name. */
function unnamedIn(volume: Volume, address: string): readonly string[] {
  const path = diskPath(address);
  const disk = readPloopDisk(volume, path);
  if (disk === undefined) return [];
  return volume
    .list(path)
    .filter(([name, inode]) => !isNamed(disk, name, inode))
    .map(([name]) => `${path}/${name}`);
}

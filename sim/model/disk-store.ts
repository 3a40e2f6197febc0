/**
 * Where the disks of a scenario are, to whoever looks at the whole world at once: files of the instances directory,
 * logical volumes, images of a cluster. One a technology; what is common to all asks here.
 */
import type { Scenario } from '../scenarios/scenario.ts';
import type { Inode } from '../volume/inode.ts';
import type { VolumeChange } from '../volume/volume-change.ts';
import type { World } from '../world.ts';
import { clusterStore } from './cluster-store.ts';
import { fileStore } from './file-store.ts';
import type { Meaning } from './layout.ts';
import { ploopStore } from './ploop-store.ts';
import type { DiskView } from './view.ts';
import { volumeStore } from './volume-store.ts';

export interface DiskStore {
  /** Sizes of disks are multiples of this. */
  readonly granuleBytes: number;
  readonly takesSnapshots: boolean;
  /** Whether the format of a disk is recorded in `disk.info`. */
  readonly hasDiskInfo: boolean;
  /** Whether a disk can grow while a machine has it open: what there was stays as it is. */
  readonly growsWhileOpen: boolean;
  /** Whether there may be no room although the filesystem has some. */
  readonly mayRunOut: boolean;
  /** Whether a disk may be seen before the operation that makes it is certain to succeed. */
  readonly mayTakeBack?: boolean;
  /** Whether whoever takes over an operation makes sure that its former owner can change nothing any more. */
  readonly fencesOff?: boolean;
  /**
   * Whether whoever works on a disk finds out that a machine has it open, on whichever host. Where not, programs see to it
   * that nobody works on it. Default is true.
   */
  readonly tellsUse?: boolean;
  /** Of disks that are more than one file: what a change of one of them is to the disk. Default: the change itself. */
  changeOfDisk?(change: VolumeChange): VolumeChange;
  /** Whether somebody else's has the name that a disk is to have. Absent: never. */
  isTaken?(address: string): boolean;
  /** Whether a template can never be removed, for something leans on it that nobody can find. Absent: never. */
  isHeldForEver?(template: string): boolean;
  /** Whether a disk has two names and can lose neither, for a machine was on it when its removal was cut off. Absent: never. */
  keepsTwoNames?(address: string): boolean;
  /** Whether a restore that was broken off is done anew over whatever was written since: it cannot be told. Absent: no. */
  readonly restoresAnew?: boolean;
  /** How many others it leans on, one through the other: what leans goes before what it leans on. Absent: none. */
  depthOf?(address: string): number;
  /** What it means that something changed under this path (`VolumeChange.path`). */
  meaningOf(path: string, inode: Inode): Meaning;
  /** The disk behind an address as it is now. */
  view(address: string): DiskView | undefined;
  /** What a machine that is started opens; undefined where it cannot be found or used. */
  openable(address: string): Inode | undefined;
  /** Of the secret that it is encrypted with, as it says itself. */
  keyOf?(address: string): string | undefined;
  /** What is half-made, or taken away and not removed, besides files. */
  leftovers(): readonly string[];
  /** What is there besides files that nobody has made but platter: nothing of it when all is removed. */
  remains(): readonly string[];
}

export function diskStoreOf(
  world: World,
  { backend, encryption }: Pick<Scenario, 'backend' | 'encryption'>,
): DiskStore {
  switch (backend) {
    case 'flat':
      return fileStore(world, { takesSnapshots: world.options.hasReflinks });
    case 'qcow2':
      return fileStore(world, { takesSnapshots: true });
    case 'lvm':
      return volumeStore(world, encryption);
    case 'rbd':
      return clusterStore(world);
    case 'ploop':
      return ploopStore(world);
  }
}

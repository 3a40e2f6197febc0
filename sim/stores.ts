/** What a simulated world has besides its filesystem to keep images in. */
import type { Cluster } from './cluster/cluster.ts';
import type { SimMachine } from './process.ts';
import type { VolumeGroup } from './volume-group/volume-group.ts';
import type { Inode } from './volume/inode.ts';
import type { ChooseState } from './volume/power-cut.ts';

export interface ImageStores {
  /** The Ceph cluster that all machines reach. */
  readonly cluster?: Cluster;
  /** Of the first machine: volume groups are not shared. */
  readonly group?: VolumeGroup;
  /** What a tool opens under a name that is no path (`rbd:pool/image`); undefined when it is a path. */
  readonly open?: (name: string) => Inode | undefined;
  /** As much room as anybody can want. */
  readonly makeRoom?: () => void;
  /** A machine loses power: what of it is lost here. */
  readonly cutPower?: (machine: SimMachine, choose: ChooseState) => void;
}

/**
 * How large and how nested an untrusted image may be. Every limit can be configured in `[limits]`.
 */

const KiB = 1024;
const MiB = 1024 * KiB;
const GiB = 1024 * MiB;
const TiB = 1024 * GiB;

export interface ImageLimits {
  /** Default is 64 TiB. */
  readonly maxVirtualSizeBytes: number;
  /**
   * Virtual size over file size, once the virtual size is above `expansionFloorBytes`. Default is
   * 1000.
   */
  readonly maxExpansionRatio: number;
  /**
   * Below this virtual size any ratio is accepted: an empty 100 GiB image is a file of 200 KiB.
   * Default is 256 GiB.
   */
  readonly expansionFloorBytes: number;
  /** Internal snapshots of one image. Default is 64. */
  readonly maxSnapshots: number;
  /**
   * One table of an image (L1, block allocation, grain directory). Default is 32 MiB, as in qemu.
   */
  readonly maxTableBytes: number;
  /** Text descriptors of VMDK. Default is 64 KiB. */
  readonly maxDescriptorBytes: number;
  /** One cluster, block or grain. Default is 256 MiB, the most that any format allows (VHDX). */
  readonly maxClusterBytes: number;
  /** A header of variable length (qcow2, QED, VDI). Default is 64 KiB. */
  readonly maxHeaderBytes: number;
}

export const defaultImageLimits: ImageLimits = {
  maxVirtualSizeBytes: 64 * TiB,
  maxExpansionRatio: 1000,
  expansionFloorBytes: 256 * GiB,
  maxSnapshots: 64,
  maxTableBytes: 32 * MiB,
  maxDescriptorBytes: 64 * KiB,
  maxClusterBytes: 256 * MiB,
  maxHeaderBytes: 64 * KiB,
};

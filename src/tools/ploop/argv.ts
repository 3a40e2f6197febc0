/**
 * Command lines of ploop 1.15. Pure. Those here work on a disk that is not mounted, and without the kernel module of
 * OpenVZ, which Debian has not; `init`, `mount`, `resize` and `convert` do not (fixtures/ploop-1.15).
 */
import type { Command } from '../../ports/executor.ts';

const ploop = (...args: string[]): Command => ({ file: 'ploop', args });

/** Grows the top image and the descriptor; the size is a multiple of 1 KiB. A raw image gets its new space allocated. */
export function ploopGrow(descriptor: string, sizeBytes: number): Command {
  return ploop('grow', '-s', `${sizeBytes / 1024}K`, descriptor);
}

/** What is written from here on goes into a new delta; what the disk was so far is the snapshot. */
export function ploopSnapshot(descriptor: string, uuid: string): Command {
  return ploop('snapshot', '-u', uuid, descriptor);
}

/** The disk is what it was then; what was written since is gone, and the snapshot stays. */
export function ploopSnapshotSwitch(descriptor: string, uuid: string): Command {
  return ploop('snapshot-switch', '-u', uuid, descriptor);
}

/** Merges a snapshot with what came after it; one with several children is only marked as temporary. */
export function ploopSnapshotDelete(descriptor: string, uuid: string): Command {
  return ploop('snapshot-delete', '-u', uuid, descriptor);
}

/** Merges everything into the first image. */
export function ploopMergeAll(descriptor: string): Command {
  return ploop('snapshot-merge', '-A', descriptor);
}

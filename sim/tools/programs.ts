/** The tools that a simulated host has. */
import { ceph } from './ceph/ceph.ts';
import { cryptsetup } from './cryptsetup/cryptsetup.ts';
import { dd } from './coreutils/dd.ts';
import { shred } from './coreutils/shred.ts';
import { sync } from './coreutils/sync.ts';
import { cp } from './cp.ts';
import { dmsetup } from './device-mapper/dmsetup.ts';
import { lvmPrograms } from './lvm/lvm.ts';
import { ploop } from './ploop/ploop.ts';
import type { ToolProgram } from './program.ts';
import { qemuImg } from './qemu-img/qemu-img.ts';
import { rbd } from './rbd/rbd.ts';
import { blkdiscard } from './util-linux/blkdiscard.ts';
import { blockdev } from './util-linux/blockdev.ts';

export const programs: ReadonlyMap<string, ToolProgram> = new Map([
  ['blkdiscard', blkdiscard],
  ['blockdev', blockdev],
  ['ceph', ceph],
  ['cp', cp],
  ['cryptsetup', cryptsetup],
  ['dd', dd],
  ['dmsetup', dmsetup],
  ['ploop', ploop],
  ['qemu-img', qemuImg],
  ['rbd', rbd],
  ['shred', shred],
  ['sync', sync],
  ...lvmPrograms,
]);

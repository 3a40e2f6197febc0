/** The volume group of scenarios on LVM: with a thin pool or without, roomy or tight, and with a volume of somebody else. */
import type { ConfigInput } from '../../src/config/config.ts';
import type { Prng } from '../schedule/prng.ts';
import type { ImageStores } from '../stores.ts';
import { VolumeGroup } from '../volume-group/volume-group.ts';
import { patternContent, resize, type RawContent } from '../volume/content.ts';
import type { VolumeChange } from '../volume/volume-change.ts';
import type { Volume } from '../volume/volume.ts';
import type { VolumeGroupSpec } from './scenario.ts';

const groupName = 'vg0';
const poolName = 'pool';
/** Volumes that platter has not made, and must never touch; the second one, where there is one, has a disk's name. */
const foreignName = 'foreign';
const namesake = 'vm1_disk.eph0';

export function foreignNames({ hasNamesake = false }: VolumeGroupSpec): readonly string[] {
  return hasNamesake ? [foreignName, namesake] : [foreignName];
}

/** What somebody left in extents that are free now. */
export const strangerPattern = 999;

export function drawVolumeGroup(prng: Prng): VolumeGroupSpec {
  const isThin = prng.oneIn(2);
  const isTight = prng.oneIn(6);
  const thinPoolExtents = isThin ? (isTight ? 2 : 2048) : undefined;
  return {
    extents: isTight && !isThin ? 24 : 8192,
    thinPoolExtents,
    foreignBlocks: isThin && isTight ? prng.pick([16, 24, 30]) : 0,
    sparse: !isThin && prng.oneIn(4),
    volumeClear: prng.pick(['zero', 'zero', 'shred', 'none'] as const),
    hasNamesake: prng.oneIn(4),
  };
}

export function lvmConfigOf(
  spec: VolumeGroupSpec,
  hasPool = true,
): NonNullable<ConfigInput['lvm']> {
  const { thinPoolExtents, sparse, volumeClear } = spec;
  return {
    volumeGroup: groupName,
    sparse,
    volumeClear,
    ...(thinPoolExtents === undefined || !hasPool ? {} : { thinPool: poolName }),
  };
}

export function volumeGroupStores(
  volume: Volume,
  spec: VolumeGroupSpec,
  tell: (change: VolumeChange) => void,
): ImageStores {
  const group = new VolumeGroup(volume, { name: groupName, extents: spec.extents, tell });
  const { extentBytes, free } = group;
  // What was there before: whoever takes these extents reads it, unless it is overwritten.
  const stranger = free.take(spec.extents);
  free.give(filled(stranger, extentBytes));
  if (spec.thinPoolExtents !== undefined) {
    const pool = group.addPool(poolName, spec.thinPoolExtents * extentBytes);
    if (pool.room !== undefined) pool.room.foreignBlocks = spec.foreignBlocks;
  }
  for (const name of foreignNames(spec)) {
    const content = foreignContent(extentBytes);
    free.take(1);
    const foreign = group.add({ name, kind: 'linear', sizeBytes: extentBytes, content });
    foreign.isActive = true;
    group.addNodes(foreign);
  }
  return {
    group,
    makeRoom: () => group.makeRoom(2 ** 20),
    cutPower: (_, choose) => group.cutPower(choose),
  };
}

export function foreignContent(sizeBytes: number): RawContent {
  return patternContent(sizeBytes, 7);
}

/** A sector in the middle of each of the first extents: enough to be seen, and little to carry. */
function filled(area: RawContent, extentBytes: number): RawContent {
  const extents = Array.from(
    { length: Math.min(64, area.sizeBytes / extentBytes) },
    (_, index) => ({
      at: index * extentBytes + extentBytes / 2 + 65_536,
      length: 512,
      source: strangerPattern,
      from: 0,
    }),
  );
  return { ...resize(area, area.sizeBytes), extents };
}

/** Sizes as LVM spells and rounds them. */
import type { LogicalVolume } from '../../volume-group/logical-volume.ts';
import type { LvmSession } from './session.ts';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** `<4.00 GiB` is a little less than that. */
export function displaySize(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const text = value.toFixed(2);
  return `${Number(text) > value ? '<' : ''}${text} ${units[unit]}`;
}

/** More is promised than there is: it is made all the same. */
export function warnOfPromises(session: LvmSession, pool: LogicalVolume): void {
  const { group } = session;
  let sum = 0;
  for (const volume of group.volumes.values()) if (volume.pool === pool) sum += volume.sizeBytes;
  if (sum <= pool.sizeBytes) return;
  session.say(
    'WARNING: You have not turned on protection against thin pools running out of space.',
  );
  session.say(
    'WARNING: Set activation/thin_pool_autoextend_threshold below 100 to trigger automatic extension of thin pools before they get full.',
  );
  const groupBytes = group.extents * group.extentBytes;
  const exceeded =
    sum > groupBytes
      ? `${session.fullName(pool)} and the size of whole volume group (${displaySize(groupBytes)})`
      : `${session.fullName(pool)} (${displaySize(pool.sizeBytes)})`;
  session.warn(
    `WARNING: Sum of all thin volume sizes (${displaySize(sum)}) exceeds the size of thin pool ${exceeded}.`,
  );
}

/**
 * The partition table in the first sector of a disk (MBR). Boot sectors of FAT and NTFS end with
 * the same two bytes; what tells them apart is this rule: every one of the four entries is either a
 * partition (a type, at least one sector, and not over the table itself) or unused (no type, no
 * sectors), and every status byte is 0x00 or 0x80.
 */
import type { Bytes } from '../reader.ts';

const entriesPosition = 446;
const entryBytes = 16;
const entryCount = 4;
const bootSignature = 0xaa55;

export interface Partition {
  readonly type: number;
  readonly firstSector: number;
  readonly sectors: number;
}

/** The type of the one partition that keeps tools without GPT away from a disk with it. */
export const protectiveType = 0xee;

/** The partitions in use, or none where the sector holds no partition table. */
export function readPartitionTable(head: Bytes): readonly Partition[] {
  if (head.u16le(510) !== bootSignature) return [];
  const partitions: Partition[] = [];
  for (let index = 0; index < entryCount; index += 1) {
    const entry = head.slice(
      entriesPosition + index * entryBytes,
      entriesPosition + (index + 1) * entryBytes,
    );
    const partition = { type: entry.u8(4), firstSector: entry.u32le(8), sectors: entry.u32le(12) };
    const isUsed = partition.type !== 0 && partition.firstSector !== 0 && partition.sectors !== 0;
    const isUnused = partition.type === 0 && partition.sectors === 0;
    if ((entry.u8(0) & 0x7f) !== 0 || (!isUsed && !isUnused)) return [];
    if (isUsed) partitions.push(partition);
  }
  return partitions;
}

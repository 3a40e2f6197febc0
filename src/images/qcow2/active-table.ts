/**
 * The active L1 table of a qcow2 file, by which it is told how far bringing back a snapshot had got when it was broken off.
 *
 * `snapshot -a` of qemu-img 7.2 writes the snapshot's table over the active one. Snapshots share what they hold with the
 * disk, so whoever writes to it from then on gets clusters of its own, and with them other entries than the snapshot's.
 */
import { readQcow2Header, readQcow2Snapshots } from '../../inspector/formats/qcow2-header.ts';
import { fileReader, type Reader } from '../../inspector/reader.ts';
import type { Filesystem } from '../../ports/filesystem.ts';

/**
 * `restored`: as the snapshot, save that its flags may be wrong, which bringing it back again puts right. `untouched`: as
 * before; or it was restored and written to, for clusters that were given back are used again. `neither`: written to since,
 * or, where the table takes more than a sector, half restored.
 */
export type RestoreState = 'restored' | 'untouched' | 'neither';

/** Offsets of L2 tables. Bit 63 only tells that a table is not shared, and is set and cleared on the way. */
type Table = readonly bigint[];
const copiedFlag = 1n << 63n;
const entryBytes = 8;
/** Those of a disk of 64 TiB in clusters of 64 KiB have 1 MiB each. */
const tablesBytesMost = 64 * 1024 * 1024;

/** The table as text, to be kept while the file is changed. */
export async function readActiveTable(filesystem: Filesystem, path: string): Promise<string> {
  return withReader(filesystem, path, async (reader) => {
    const header = await readQcow2Header(reader);
    if (header === undefined) return '';
    return (await readTable(reader, header.l1Position, header.l1Entries)).join(' ');
  });
}

/** What was known before the snapshot `id` was to be brought back: the active table as text, and the size of the disk. */
export interface BeforeRestore {
  readonly table: string;
  readonly sizeBytes: number;
  readonly id: string;
}

export async function restoreState(
  filesystem: Filesystem,
  path: string,
  { table, sizeBytes, id }: BeforeRestore,
): Promise<RestoreState> {
  return withReader(filesystem, path, async (reader) => {
    const header = await readQcow2Header(reader);
    const known = header === undefined ? undefined : await readQcow2Snapshots(reader, header);
    const snapshot = known?.find((one) => one.id === id);
    if (header === undefined || snapshot === undefined) return 'untouched';
    const active = await readTable(reader, header.l1Position, header.l1Entries);
    const wanted = await readTable(reader, snapshot.l1Position, snapshot.l1Entries);
    const before = table === '' ? [] : table.split(' ').map(BigInt);
    const coveredBytes = (header.clusterSizeBytes / entryBytes) * header.clusterSizeBytes;
    // Where the disk gets another size, the entry in which the smaller one ends changes with it, and what is behind that.
    const isResized = snapshot.sizeBytes !== sizeBytes;
    const kept = Math.floor(Math.min(snapshot.sizeBytes, sizeBytes) / coveredBytes);
    const count = isResized ? kept : wanted.length;
    return compare(active.slice(0, count), before.slice(0, count), wanted.slice(0, count));
  });
}

function compare(active: Table, before: Table, wanted: Table): RestoreState {
  if (wanted.every((entry, at) => entry === active[at])) return 'restored';
  return before.every((entry, at) => entry === active[at]) ? 'untouched' : 'neither';
}

async function readTable(reader: Reader, position: number, entries: number): Promise<Table> {
  const bytes = await reader.read(position, entries * entryBytes);
  return Array.from(
    { length: entries },
    (_, index) => bytes.u64be(index * entryBytes) & ~copiedFlag,
  );
}

async function withReader<Result>(
  filesystem: Filesystem,
  path: string,
  act: (reader: Reader) => Promise<Result>,
): Promise<Result> {
  const file = await filesystem.openRead(path);
  try {
    return await act(fileReader(file, file.stat.sizeBytes, tablesBytesMost));
  } finally {
    file.close();
  }
}

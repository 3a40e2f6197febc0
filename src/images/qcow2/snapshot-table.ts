/**
 * The snapshot table of a qcow2 file, and how it comes back when qemu-img has lost it.
 *
 * `snapshot -c` and `-d` write a new table, let the header name it, and flush. When that flush fails, qemu-img 7.2 gives
 * the new table back, although the header on disk names it already: the image then has snapshots without names, and
 * `check -r` would make that final. The old table is still there, so writing its place into the header again brings all
 * of them back (fixtures/qemu-img-7.2/flush-error.json).
 */
import { readQcow2Header, readQcow2Snapshots } from '../../inspector/formats/qcow2-header.ts';
import { fileReader } from '../../inspector/reader.ts';
import type { FileHandle, Filesystem } from '../../ports/filesystem.ts';
import type { SnapshotFacts } from '../driver.ts';
import { statAnew } from '../../workspace/once.ts';

/** In the header: the number of snapshots (4 bytes), and where their table is (8 bytes). */
const referencePosition = 60;
const referenceBytes = 12;

/** Bytes 60 to 71 of the header, in hexadecimal. */
export async function readTableReference(filesystem: Filesystem, path: string): Promise<string> {
  const bytes = await filesystem.readBytes(path, referencePosition, referenceBytes);
  return Buffer.from(bytes).toString('hex');
}

/**
 * Brings back the table that the header named before, where the present one is lost; else does nothing. `path` is the
 * file's name in the workspace.
 */
export async function restoreLostTable(
  filesystem: Filesystem,
  path: string,
  reference: string,
): Promise<void> {
  const before = Buffer.from(reference, 'hex');
  if (before.length !== referenceBytes) return;
  const handle = await filesystem.open(path, 'write');
  try {
    if (!(await isLost(handle))) return;
    if (before.readUInt32BE(0) > 0 && (await isLost(handle, before))) return;
    // Whoever stood still since it opened the file may have been taken for dead: then it has this name no more.
    await statAnew(filesystem, path);
    await handle.write(before, referencePosition);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** In an entry of the table: seconds and nanoseconds (4 bytes each). */
const timePosition = 16;

/** Gives the snapshots of a file that nobody else has the times of those that they are copies of, in the same order. */
export async function setSnapshotTimes(
  filesystem: Filesystem,
  path: string,
  originals: readonly SnapshotFacts[],
): Promise<void> {
  const handle = await filesystem.open(path, 'write');
  try {
    const { sizeBytes } = await handle.stat();
    const reader = fileReader(handle, sizeBytes);
    const header = await readQcow2Header(reader);
    const table = header === undefined ? [] : await readQcow2Snapshots(reader, header);
    for (const [index, { position }] of (table ?? []).entries()) {
      const createdAt = originals[index]?.createdAt ?? null;
      if (createdAt === null) continue;
      const atMs = Date.parse(createdAt);
      const bytes = Buffer.alloc(8);
      bytes.writeUInt32BE(Math.floor(atMs / 1000));
      bytes.writeUInt32BE((atMs % 1000) * 1e6, 4);
      await handle.write(bytes, position + timePosition);
    }
  } finally {
    await handle.close();
  }
}

/** A table that was given back reads as zeros: no snapshot in it has a name. */
async function isLost(handle: FileHandle, reference?: Buffer): Promise<boolean> {
  const { sizeBytes } = await handle.stat();
  const reader = fileReader(handle, sizeBytes);
  const header = await readQcow2Header(reader);
  if (header === undefined) return false;
  const table = await readQcow2Snapshots(reader, {
    ...header,
    ...(reference === undefined
      ? {}
      : {
          snapshotCount: reference.readUInt32BE(0),
          snapshotsPosition: Number(reference.readBigUInt64BE(4)),
        }),
  });
  return table === undefined || table.some(({ name }) => name === '');
}

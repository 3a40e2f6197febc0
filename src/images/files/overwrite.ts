/**
 * Overwrites files with zeros where they stand.
 *
 * Where files share blocks (reflinks), writing to one of them takes a new block, and leaves the old one to the others: the
 * last that has it overwrites the block itself, which takes no space. So where there is no space, a shared block is given
 * up instead: its content is somebody's still, be it a template's, or that of a file that is overwritten next.
 *
 * Old blocks remain where the filesystem takes new ones for what nobody shares: btrfs always, and XFS beside shared blocks,
 * within what its `cowextsize` says (128 KiB; measured on Linux, with space and without).
 */
import { isHostError } from '../../errors.ts';
import { dataRuns } from '../../ingress/data-runs.ts';
import type { Session } from '../../operations/step.ts';
import type { FileHandle, Filesystem } from '../../ports/filesystem.ts';

const wipeBytes = 1024 * 1024;
/** Filesystems share whole blocks: of a run, some may be shared. */
const blockBytes = 4096;
const zeros = new Uint8Array(wipeBytes);

/** How much is written at once, of all the files. */
interface Pace {
  bytes: number;
  /** Space has run out: what is zero is given back at once, so that there is some for what comes next. */
  isTight: boolean;
}

/** What holds zeros stays as it is, holes above all: to fill those would take space, and there may be none left. */
export async function overwrite(session: Session, ...paths: readonly string[]): Promise<void> {
  const pace = { bytes: wipeBytes, isTight: false };
  for (const path of paths) await overwriteFile(session, path, pace);
}

async function overwriteFile({ host, progress }: Session, path: string, pace: Pace): Promise<void> {
  const { filesystem } = host;
  const handle = await filesystem.open(path, 'write');
  try {
    const { sizeBytes } = await handle.stat();
    const buffer = new Uint8Array(Math.min(wipeBytes, sizeBytes));
    for (let position = 0; position < sizeBytes; position += wipeBytes) {
      const read = buffer.subarray(0, await handle.read(buffer, position));
      for (const { start, end } of dataRuns(read, blockBytes)) {
        await clear(filesystem, handle, pace, { start: position + start, end: position + end });
      }
      progress({ phase: 'wipe', done: position, total: sizeBytes });
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** `start` is where a block begins. */
async function clear(
  filesystem: Filesystem,
  handle: FileHandle,
  pace: Pace,
  { start, end }: { readonly start: number; readonly end: number },
): Promise<void> {
  for (let position = start; position < end;) {
    const bytes = Math.min(pace.bytes, end - position);
    const noSpace = await write(handle, position, bytes);
    if (noSpace !== undefined) pace.isTight = true;
    if (noSpace !== undefined && bytes > blockBytes) {
      // A part of it may be nobody else's: that can be written, and must be.
      pace.bytes = Math.ceil(bytes / 2 / blockBytes) * blockBytes;
      continue;
    }
    if (pace.isTight) {
      // Or what is given back would not be zero yet.
      if (noSpace === undefined) await handle.sync();
      await giveBack(filesystem, handle, { position, bytes, noSpace });
      if (noSpace === undefined) pace.bytes = Math.min(pace.bytes * 2, wipeBytes);
    }
    position += bytes;
  }
}

/** Resolves to the error, where there is no space for it. */
async function write(handle: FileHandle, position: number, bytes: number): Promise<unknown> {
  try {
    await handle.write(zeros.subarray(0, bytes), position);
    return undefined;
  } catch (error) {
    if (isHostError(error, 'ENOSPC', 'EDQUOT')) return error;
    throw error;
  }
}

async function giveBack(
  filesystem: Filesystem,
  { path }: FileHandle,
  { position, bytes, noSpace }: { position: number; bytes: number; noSpace: unknown },
): Promise<void> {
  // Whole blocks: what is cut from a shared one takes a new one.
  const length = Math.ceil(bytes / blockBytes) * blockBytes;
  try {
    await filesystem.punchHole(path, position, length);
  } catch (error) {
    if (!isHostError(error, 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS')) throw error;
    if (noSpace !== undefined) throw noSpace;
  }
}

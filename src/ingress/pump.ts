/** Moves bytes from a stream or an open file into a private file: hashed on the way, zeros left out as holes. */
import type { ReceptionLimits } from '../config/config.ts';
import { canceled, PlatterError } from '../errors.ts';
import type { Digest } from '../ports/digest.ts';
import type { FileHandle, OpenFile } from '../ports/filesystem.ts';
import type { ByteStream } from '../ports/http.ts';
import { dataRuns } from './data-runs.ts';
import { requireReceivable } from './reception-limit.ts';

const pieceBytes = 1024 * 1024;
/** The unit in which zeros are left out: what ext4 and xfs free in one go, and small enough to catch most holes. */
const blockBytes = 64 * 1024;

export interface Pump {
  readonly target: FileHandle;
  readonly digest: Digest;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (doneBytes: number) => void;
}

/**
 * Appends a stream at `position`; resolves to the position after it. The file's size is set to it. A stream need not
 * have an end: what goes beyond the limits is not written, and no more is read.
 */
export async function pumpStream(
  pump: Pump & { readonly limits: ReceptionLimits },
  stream: ByteStream,
  position: number,
): Promise<number> {
  let end = position;
  requireReceivable(pump.limits, end);
  for (;;) {
    throwIfCanceled(pump.signal);
    const piece = await stream.read();
    if (piece === undefined) break;
    requireReceivable(pump.limits, end + piece.length);
    await writeWithHoles(pump.target, piece, end);
    pump.digest.update(piece);
    end += piece.length;
    pump.onBytes(end);
  }
  await pump.target.truncate(end);
  return end;
}

/** Copies a whole open file. */
export async function pumpFile(pump: Pump, source: OpenFile, sizeBytes: number): Promise<void> {
  const buffer = new Uint8Array(Math.min(pieceBytes, Math.max(1, sizeBytes)));
  for (let position = 0; position < sizeBytes;) {
    throwIfCanceled(pump.signal);
    const got = await source.read(buffer, position);
    if (got === 0) throw sourceChanged();
    const piece = buffer.subarray(0, got);
    await writeWithHoles(pump.target, piece, position);
    pump.digest.update(piece);
    position += got;
    pump.onBytes(position);
  }
  await pump.target.truncate(sizeBytes);
}

/** What was copied may be half of one content and half of another. */
export function sourceChanged(): PlatterError {
  return new PlatterError('TEMPLATE_CHANGED', 'the source file was changed while it was copied', {
    hint: 'somebody still writes to it: find out who does, and try again',
  });
}

/** Writes runs of blocks that hold something; nothing is written where all is zero. */
async function writeWithHoles(
  target: FileHandle,
  piece: Uint8Array,
  position: number,
): Promise<void> {
  for (const { start, end } of dataRuns(piece, blockBytes)) {
    await target.write(piece.subarray(start, end), position + start);
  }
}

export function throwIfCanceled(signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw canceled(signal.reason);
}

/** Whoever feeds a stream may never come back to it: what waits for it ends with the signal. */
export function unlessCanceled<Value>(
  waiting: Promise<Value>,
  signal: AbortSignal,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(canceled(signal.reason));
    signal.addEventListener('abort', stop, { once: true });
    waiting.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

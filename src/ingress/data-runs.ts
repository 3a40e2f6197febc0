/** Where there is something in a piece of a file: what holds zeros is left as it is, or left out. */

const zeros = new Uint8Array(64 * 1024);

/** Runs of blocks that are not all zero, as long as they come. `blockBytes` is at most 64 KiB. */
export function* dataRuns(
  piece: Uint8Array,
  blockBytes: number,
): Generator<{ readonly start: number; readonly end: number }> {
  let runStart: number | undefined;
  for (let start = 0; start < piece.length; start += blockBytes) {
    const block = piece.subarray(start, start + blockBytes);
    const isZero = Buffer.compare(block, zeros.subarray(0, block.length)) === 0;
    if (isZero && runStart !== undefined) yield { start: runStart, end: start };
    runStart = isZero ? undefined : (runStart ?? start);
  }
  if (runStart !== undefined) yield { start: runStart, end: piece.length };
}

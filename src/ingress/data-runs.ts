/** Where there is something in a piece of a file: what holds zeros is left as it is, or left out. */

const zeros = new Uint8Array(64 * 1024);

/** Runs of blocks that are not all zero, as long as they come. `blockBytes` divides 64 KiB. */
export function* dataRuns(
  piece: Uint8Array,
  blockBytes: number,
): Generator<{ readonly start: number; readonly end: number }> {
  let runStart: number | undefined;
  for (let start = 0; start < piece.length;) {
    // Holes are long: much of one is told at once.
    const isHole = start % zeros.length === 0 && isZero(piece, start, zeros.length);
    if (isHole || isZero(piece, start, blockBytes)) {
      if (runStart !== undefined) yield { start: runStart, end: start };
      runStart = undefined;
    } else {
      runStart ??= start;
    }
    start += isHole ? zeros.length : blockBytes;
  }
  if (runStart !== undefined) yield { start: runStart, end: piece.length };
}

function isZero(piece: Uint8Array, start: number, length: number): boolean {
  const end = Math.min(start + length, piece.length);
  return Buffer.compare(piece.subarray(start, end), zeros.subarray(0, end - start)) === 0;
}

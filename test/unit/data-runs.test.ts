/** What is told as holding nothing but zeros is left out of copies and of wiping: it must be told exactly. */
import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { dataRuns } from '../../src/ingress/data-runs.ts';

const blockBytes = 4096;

const arbitraryPiece = fc.record({
  length: fc.integer({ min: 0, max: 80 * blockBytes }),
  written: fc.array(fc.nat({ max: 80 * blockBytes - 1 }), { maxLength: 12 }),
});

test.prop([arbitraryPiece])('names the blocks that hold something, and no others', (piece) => {
  const bytes = new Uint8Array(piece.length);
  for (const at of piece.written) if (at < bytes.length) bytes[at] = 1;
  const blocks = new Set<number>();
  let last = -1;
  for (const { start, end } of dataRuns(bytes, blockBytes)) {
    expect(start).toBeGreaterThan(last);
    last = end;
    for (let at = start; at < end; at += blockBytes) blocks.add(at / blockBytes);
  }
  const written = piece.written.filter((at) => at < bytes.length);
  expect(blocks).toEqual(new Set(written.map((at) => Math.floor(at / blockBytes))));
  expect(last).toBeLessThanOrEqual(bytes.length);
});

/** Every hostile shape is refused, with exactly the codes that its entry states. */
import { afterAll, describe, expect, test } from 'vitest';
import { codesOf, CorpusDirectory, hostileImages, inspectBytes } from './corpus.ts';
import { edited } from './corpus/bytes.ts';

const corpus = new CorpusDirectory();
afterAll(() => corpus.remove());

describe('refused', { timeout: 60_000 }, () => {
  test.each(hostileImages)('$name', async ({ base, edits, declared, codes }) => {
    const benign = base === undefined ? new Uint8Array(0) : corpus.bytesOf(base);
    const inspection = await inspectBytes(edited(benign, ...edits), declared);
    expect(codesOf(inspection)).toEqual(codes);
    expect(inspection.safe).toBe(false);
    for (const { message } of inspection.violations) {
      // What the file names is its author's text: neither that nor a number beyond all bounds is
      // shown.
      expect(message).not.toMatch(/etc|passwd|Infinity|NaN|undefined/);
    }
  });
});

test('no name is given twice', () => {
  expect(new Set(hostileImages.map(({ name }) => name)).size).toBe(hostileImages.length);
});

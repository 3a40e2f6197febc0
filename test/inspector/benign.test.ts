/**
 * Every benign image is accepted, or refused by the rule that its entry states, and read as
 * qemu-img reads it.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { toolFormat } from '../../src/inspector/inspect.ts';
import { benignImages, codesOf, CorpusDirectory, inspectFile } from './corpus.ts';
import { readByTool } from './corpus/tools.ts';

/** Making a LUKS volume alone takes seconds of computing. */
const timeoutMs = 120_000;

const corpus = new CorpusDirectory();
afterAll(() => corpus.remove());

describe.each(benignImages)('$name', { timeout: timeoutMs }, (image) => {
  test(
    image.refused === undefined ? 'is accepted' : `is refused: ${image.refused.reason}`,
    async () => {
      const inspection = await inspectFile(corpus.make(image));
      expect(codesOf(inspection)).toEqual(image.refused?.codes ?? []);
      expect(inspection.safe).toBe(image.refused === undefined);
      expect(inspection.format).toBe(image.format);
    },
  );

  test('has the format and the virtual size that qemu-img reads', async () => {
    const path = corpus.make(image);
    const { format, virtualSizeBytes } = await inspectFile(path);
    const reading = readByTool(path, toolFormat(format));
    if (image.toolRefuses === true) {
      expect(reading).toBe('refused');
      return;
    }
    // Of formats that are not accepted at all no size is told.
    const isSizeTold = virtualSizeBytes !== 0 || image.refused === undefined;
    expect(reading).toMatchObject({
      format: toolFormat(format),
      ...(isSizeTold ? { virtualSizeBytes } : {}),
    });
  });
});

test('no name is given twice', () => {
  expect(new Set(benignImages.map(({ name }) => name)).size).toBe(benignImages.length);
});

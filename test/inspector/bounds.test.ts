/**
 * What an inspection costs is bounded by what it reads, whatever the size of the file and whatever
 * the file says.
 */
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { inspect } from '../../src/inspector/inspect.ts';
import { fileReader } from '../../src/inspector/reader.ts';
import { CorpusDirectory, inspectFile } from './corpus.ts';
import { run } from './corpus/tools.ts';
import { seeds } from './fuzz/seeds.ts';

const budgetBytes = 1024 ** 2;
const TiB = 1024 ** 4;
const GiB = 1024 ** 3;
const timeoutMs = 60_000;

const corpus = new CorpusDirectory();
afterAll(() => corpus.remove());

describe('a large file costs no more than a small one', { timeout: timeoutMs }, () => {
  test('a sparse raw file of 10 TiB', async () => {
    const path = join(corpus.path, 'huge');
    writeFileSync(path, '');
    truncateSync(path, 10 * TiB);
    const inspection = await inspectFile(path);
    expect(inspection).toMatchObject({ format: 'raw', safe: true, virtualSizeBytes: 10 * TiB });
    expect(inspection.bytesRead).toBeLessThan(budgetBytes);
  });

  test.each(['preallocation=off', 'preallocation=metadata', 'cluster_size=2M'])(
    'a qcow2 of 100 GiB, %s',
    async (options) => {
      const path = join(corpus.path, `qcow2 ${options}`);
      run('qemu-img', 'create', '-f', 'qcow2', '-o', options, path, '100G');
      const inspection = await inspectFile(path);
      expect(inspection).toMatchObject({
        format: 'qcow2',
        safe: true,
        virtualSizeBytes: 100 * GiB,
      });
      expect(inspection.bytesRead).toBeLessThan(budgetBytes);
    },
  );
});

describe('a budget', { timeout: timeoutMs }, () => {
  test.each(seeds)('holds, however small it is: $name', async ({ name }) => {
    const bytes = corpus.bytesOf(name);
    const whole = await inspect(readerOf(bytes, bytes.length, budgetBytes), {});
    for (const budget of [0, 1, 511, 512, 4096, 72_000, 140_000]) {
      const reader = readerOf(bytes, bytes.length, budget);
      const inspection = await inspect(reader, {});
      expect(reader.bytesRead).toBeLessThanOrEqual(budget);
      const isSpent = inspection.violations.some(({ code }) => code === 'TOO_MUCH_TO_READ');
      // Without enough to read there is no verdict but the one that there was not enough.
      expect(isSpent || inspection.safe === whole.safe).toBe(true);
      expect(isSpent && inspection.safe).toBe(false);
    }
  });
});

describe('a file that ends before its size', { timeout: timeoutMs }, () => {
  test.each(seeds)('is answered for: $name', async ({ name }) => {
    const bytes = corpus.bytesOf(name);
    for (const left of [0, 1, 7, 60, 511, 513, 4096, 65536, 66_000]) {
      const reader = readerOf(bytes.subarray(0, left), bytes.length, budgetBytes);
      const inspection = await inspect(reader, {});
      expect(Number.isSafeInteger(inspection.virtualSizeBytes)).toBe(true);
    }
  });
});

function readerOf(bytes: Uint8Array, sizeBytes: number, budget: number) {
  const read = (buffer: Uint8Array, position: number) => {
    const piece = bytes.subarray(position, position + buffer.length);
    buffer.set(piece);
    return Promise.resolve(piece.length);
  };
  return fileReader({ read }, sizeBytes, budget);
}

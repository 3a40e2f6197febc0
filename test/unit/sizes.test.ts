import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  checkSizeBytes,
  formatExactSize,
  formatSize,
  parseSize,
  roundUp,
} from '../../src/sizes.ts';

describe('sizes', () => {
  test.each([
    ['0', 0],
    ['512', 512],
    ['1k', 1024],
    ['1K', 1024],
    ['10M', 10 * 1024 ** 2],
    ['20g', 20 * 1024 ** 3],
    ['3TiB', 3 * 1024 ** 4],
    ['7PIB', 7 * 1024 ** 5],
    [' 4 G ', 4 * 1024 ** 3],
  ])('%j is %i bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(['', 'G', '-1', '1.5G', '1e3', '0x10', '10B', '8P', '10 000', 'Infinity', '1GiBB'])(
    '%j is no size',
    (text) => {
      expect(() => parseSize(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    },
  );

  test.each(['10GB', '1kB', '5 MB', '1.5TB'])('%j is refused with what it may mean', (text) => {
    expect(() => parseSize(text)).toThrow(
      expect.objectContaining({ hint: expect.stringMatching(/write .* or .*iB/) }),
    );
  });

  property.prop([fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })])(
    'bytes are bytes',
    (bytes) => {
      expect(parseSize(String(bytes))).toBe(bytes);
      expect(checkSizeBytes(bytes)).toBe(bytes);
      expect(formatSize(bytes)).toMatch(/^[\d.]+ ([KMGTP]i)?B$/);
    },
  );

  property.prop([
    fc.integer({ min: 0, max: 2 ** 45 }),
    fc.constantFrom(1, 512, 4096, 4 * 1024 ** 2, 65_536),
  ])('rounding up gives the next multiple', (bytes, granule) => {
    const rounded = roundUp(bytes, granule);
    expect(rounded % granule).toBe(0);
    expect(rounded).toBeGreaterThanOrEqual(bytes);
    expect(rounded - bytes).toBeLessThan(granule);
  });

  property.prop([fc.oneof(fc.double(), fc.string(), fc.constant(null), fc.integer({ max: -1 }))])(
    'only whole numbers from 0 are sizes',
    (value) => {
      const isSize = typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
      if (isSize) expect(checkSizeBytes(value)).toBe(value);
      else expect(() => checkSizeBytes(value)).toThrow();
    },
  );

  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [10 * 1024 ** 3, '10 GiB'],
    [200_704, '196 KiB'],
  ])('%i bytes are shown as %j', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });

  test.each([
    [1023, '1023 B'],
    [20 * 1024 ** 3, '20 GiB'],
    [1.5 * 1024 ** 3, '1.5 GiB'],
    [1_000_000_512, '954 MiB (1000000512 bytes)'],
    [2 ** 53 - 1, '8.0 PiB (9007199254740991 bytes)'],
  ])('%i bytes are shown exactly as %j', (bytes, text) => {
    expect(formatExactSize(bytes)).toBe(text);
  });
});

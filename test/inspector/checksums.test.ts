/** The checksums, by the vectors of their definitions. */
import { expect, test } from 'vitest';
import { crc32c } from '../../src/inspector/formats/crc32c.ts';
import { vpcChecksum } from '../../src/inspector/formats/vpc-footer.ts';
import { Bytes } from '../../src/inspector/reader.ts';

test('CRC-32C is that of RFC 3720, B.4', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index))).toBe(0x46dd794e);
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
});

test('the checksum of a VHD leaves itself out', () => {
  const footer = new Bytes(Uint8Array.from([1, 2, 0xff, 0xff, 0xff, 0xff, 3]));
  expect(vpcChecksum(footer, 2)).toBe(0xffffffff - 6);
});

/**
 * An encrypted volume: LUKS 1 and 2 (on-disk format specifications 1.2.3 and 1.1.2). Always
 * refused: nobody can look into it, and its header decides how long a tool computes on opening it.
 */
import { sectorBytes, type FormatParser } from '../format-parser.ts';
import type { Bytes, Reader } from '../reader.ts';
import { judge } from '../violation.ts';

const binaryHeaderBytesV2 = 4096;

export const luks: FormatParser = {
  format: 'luks',

  // qemu-img recognises version 1 only and would take version 2 for raw.
  matches: ({ head }) => head.startsWith('LUKS\xba\xbe'),

  async parse(reader, limits) {
    const header = await reader.read(0, limits.maxHeaderBytes);
    const version = header.u16be(6);
    const payload = version === 1 ? header.u32be(104) * sectorBytes : payloadOfV2(header);
    return {
      virtualSizeBytes: sizeFrom(payload, reader),
      violations: judge([
        [true, 'ENCRYPTED', 'the image is an encrypted LUKS volume'],
        [version !== 1 && version !== 2, 'VERSION', `LUKS version ${version} is not known`],
      ]),
    };
  },
};

function sizeFrom(payload: number | undefined, reader: Reader): number {
  return payload === undefined ? 0 : Math.max(0, reader.sizeBytes - payload);
}

/** Where the data begins, by the JSON area of the header; undefined where that cannot be read. */
function payloadOfV2(header: Bytes): number | undefined {
  const text = header.latin1(binaryHeaderBytesV2, header.length).split('\0', 1)[0] ?? '';
  // Only the first segment counts; the rest of the JSON is nothing to interpret for an image that
  // is refused anyway.
  const offset = /"segments":\{"0":\{[^{}]*?"offset":"(\d{1,15})"/.exec(text)?.[1];
  return offset === undefined ? undefined : Number(offset);
}

/** An image of an optical disc (ISO 9660, ECMA-119 section 8): to tools it is raw. */
import { wholeSectors, type FormatParser } from '../format-parser.ts';

const signature = 'CD001';
/** Behind the type byte of the first volume descriptor, which is the 17th sector of 2048 bytes. */
const signaturePosition = 16 * 2048 + 1;

export const iso: FormatParser = {
  format: 'iso',

  matches: ({ head }) => head.startsWith(signature, signaturePosition),

  parse: ({ sizeBytes }) =>
    Promise.resolve({ virtualSizeBytes: wholeSectors(sizeBytes), violations: [] }),
};

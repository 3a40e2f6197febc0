/**
 * The formats that qemu 7.2 opens and platter does not: recognised, so that none of them passes as
 * raw.
 */
import type { DetectedFormat, FormatParser, Signatures } from '../format-parser.ts';
import { violation } from '../violation.ts';

export function notAccepted(
  format: DetectedFormat,
  name: string,
  matches: (signatures: Signatures) => boolean,
): FormatParser {
  return {
    format,
    matches,
    parse: () =>
      Promise.resolve({
        virtualSizeBytes: 0,
        violations: [violation('NOT_ACCEPTED', `images of the format ${name} are not accepted`)],
      }),
  };
}

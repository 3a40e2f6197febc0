/**
 * Disk images of Apple (UDIF), which qemu 7.2 probes by the name of the file and opens by a
 * trailer.
 */
import { wholeSectors, type FormatParser, type Signatures } from '../format-parser.ts';
import { notAccepted } from './not-accepted.ts';

const signature = 'koly';
const trailerBytes = 512;

export const dmg: FormatParser = {
  ...notAccepted('dmg', 'Apple UDIF', hasTrailer),
  // An uncompressed image begins with the disk's own first sector.
  payloadAtStart: hasTrailer,
};

/**
 * Where qemu looks for it: in the last sector but one and at the beginning of the last, both of the
 * rounded size.
 */
function hasTrailer({ tail, sizeBytes }: Signatures): boolean {
  const last = tail.length - trailerBytes + wholeSectors(sizeBytes) - sizeBytes;
  const first = Math.max(0, last - (trailerBytes - 1));
  return tail.latin1(first, Math.max(first, last + signature.length)).includes(signature);
}

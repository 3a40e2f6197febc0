/** Sizes as qemu-img 7.2 reads them. Recorded in fixtures/qemu-img-7.2/create.json. */
import { roundUp, sectorBytes } from '../../../src/sizes.ts';
import { ToolFailure } from './image.ts';

const powers: Readonly<Record<string, number>> = {
  '': 0,
  b: 0,
  k: 1,
  m: 2,
  g: 3,
  t: 4,
  p: 5,
  e: 6,
};

/** Bytes; rounded up to whole sectors where `isRounded`. */
export function parseSize(text: string, isRounded: boolean): number {
  const match = /^(0x[0-9a-f]+|\d+(?:\.\d+)?)([bkmgtpe]?)$/i.exec(text);
  if (match === null) {
    throw new ToolFailure(
      'Invalid image size specified. You may use k, M, G, T, P or E suffixes for\n' +
        'qemu-img: kilobytes, megabytes, gigabytes, terabytes, petabytes and exabytes.',
    );
  }
  const [, digits = '', suffix = ''] = match;
  const bytes = Number(digits) * 1024 ** (powers[suffix.toLowerCase()] ?? 0);
  return isRounded ? roundUp(bytes, sectorBytes) : bytes;
}

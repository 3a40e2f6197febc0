/** Sizes: whole numbers of bytes up to 2^53 - 1; text forms are powers of 1024. */
import { PlatterError } from './errors.ts';

const units = 'KMGTP';
const syntax = /^(\d+)\s*(?:([KMGTP])(iB)?)?$/i;
const decimal = /^(\d+(?:\.\d+)?)\s*([KMGTP])B$/i;

/** What raw and qcow2 images are made of: qemu's sector. Other backends have larger granules. */
export const sectorBytes = 512;

/** Returns `value` when it is a size in bytes (0 counts); else throws INVALID_ARGUMENT. */
export function checkSizeBytes(value: unknown, name = 'size'): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw new PlatterError('INVALID_ARGUMENT', `invalid ${name} ${JSON.stringify(value)}`, {
      details: { [name]: value },
      hint: 'sizes are whole numbers of bytes from 0 to 9007199254740991',
    });
  }
  return value;
}

/** Parses `10G`, `512MiB`, `1073741824`. `KB`, `MB`, `GB` are refused: nobody agrees what they mean. */
export function parseSize(text: string): number {
  const match = syntax.exec(text.trim());
  if (match === null) {
    const ambiguous = decimal.exec(text.trim());
    throw new PlatterError('INVALID_ARGUMENT', `invalid size ${JSON.stringify(text)}`, {
      details: { size: text },
      hint:
        ambiguous === null
          ? 'write bytes (1073741824) or powers of 1024 (1G, 512M, 20GiB)'
          : `write ${ambiguous[1]}${ambiguous[2]?.toUpperCase()} or ${ambiguous[1]}${ambiguous[2]?.toUpperCase()}iB: sizes are powers of 1024`,
    });
  }
  const power = match[2] === undefined ? 0 : units.indexOf(match[2].toUpperCase()) + 1;
  const bytes = Number(match[1]) * 1024 ** power;
  if (!Number.isSafeInteger(bytes)) {
    throw new PlatterError('INVALID_ARGUMENT', `the size ${text} is too large`, {
      details: { size: text },
      hint: 'the largest size is 9007199254740991 bytes, just under 8 PiB',
    });
  }
  return bytes;
}

/** Formats bytes for people: `1.5 GiB`. */
export function formatSize(bytes: number): string {
  return shorten(bytes).text;
}

/** As `formatSize`, with the exact bytes where that rounds: `954 MiB (1000000512 bytes)`. */
export function formatExactSize(bytes: number): string {
  const { text, isExact } = shorten(bytes);
  return isExact ? text : `${text} (${bytes} bytes)`;
}

function shorten(bytes: number): { text: string; isExact: boolean } {
  if (bytes < 1024) return { text: `${bytes} B`, isExact: true };
  let value = bytes;
  let unit = -1;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const number = value.toFixed(value >= 100 || Number.isInteger(value) ? 0 : 1);
  return { text: `${number} ${units[unit]}iB`, isExact: Number(number) === value };
}

/** The smallest multiple of `granuleBytes` that is not below `bytes`. */
export function roundUp(bytes: number, granuleBytes: number): number {
  const rest = bytes % granuleBytes;
  return rest === 0 ? bytes : bytes - rest + granuleBytes;
}

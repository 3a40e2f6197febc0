/** Command lines of cryptsetup 2.6: plain dm-crypt (B082). Pure. Secrets go to standard input, never in here. */
import type { Command } from '../../ports/executor.ts';

export interface Cipher {
  readonly cipher: string;
  /** In bits. */
  readonly keySize: number;
}

/** Maps a device; the secret is read from standard input, and hashed as a passphrase is. */
export function cryptsetupCreate(map: string, device: string, options: Cipher): Command {
  const { cipher, keySize } = options;
  const choices = [`--cipher=${cipher}`, `--key-size=${keySize}`, '--key-file=-'];
  return { file: 'cryptsetup', args: ['create', map, device, ...choices] };
}

/** To the size of the device below. Plain maps need no key for that. */
export function cryptsetupResize(map: string): Command {
  return { file: 'cryptsetup', args: ['resize', map] };
}

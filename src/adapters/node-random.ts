/** Randomness, by the kernel. */
import { nodeCrypto } from './node-crypto.ts';
import type { Random } from '../ports/random.ts';

export function nodeRandom(): Random {
  return { id: () => nodeCrypto().randomBytes(8).toString('hex') };
}

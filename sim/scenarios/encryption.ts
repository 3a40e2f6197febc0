/** Encryption of scenarios on LVM: a secret for each instance, or for all but one. */
import type { ConfigInput } from '../../src/config/config.ts';
import { hashText } from '../schedule/prng.ts';
import type { Prng } from '../schedule/prng.ts';
import type { EncryptionSpec } from './scenario.ts';

export function drawEncryption(prng: Prng): EncryptionSpec {
  const isMissing = prng.oneIn(6);
  return {
    cipher: 'aes-xts-plain64',
    keySize: prng.pick([256, 512]),
    // What is done at the end is done with the first one's.
    keys: Object.fromEntries(
      (isMissing ? ['vm1'] : ['vm1', 'vm2']).map((instance) => [instance, secretOf(instance)]),
    ),
  };
}

/** Like no other text that a run comes upon. */
function secretOf(instance: string): string {
  const part = (salt: string) => hashText(`${salt} ${instance}`).toString(16).padStart(8, '0');
  return `5ec2e7${['a', 'b', 'c', 'd'].map(part).join('')}`;
}

export function encryptionConfigOf(spec: EncryptionSpec): NonNullable<ConfigInput['encryption']> {
  const { cipher, keySize } = spec;
  return { enabled: true, cipher, keySize };
}

/** Who holds the secrets of encrypted disks, for a simulated process. */
import { PlatterError } from '../src/errors.ts';
import type { KeyManager } from '../src/ports/key-manager.ts';
import type { SimProcess } from './process.ts';
import type { World } from './world.ts';

/** `keys` are secrets by their names. */
export function simKeyManager(
  world: World,
  process: SimProcess,
  keys: Readonly<Record<string, string>>,
): KeyManager {
  return {
    getSecret: (keyId) =>
      world.call(process, 'keyManager.getSecret', keyId, (fault) => {
        if (fault !== undefined && fault.kind !== 'kill process' && fault.kind !== 'cut power') {
          throw new PlatterError('UNREACHABLE', 'who holds the keys does not answer');
        }
        const secret = keys[keyId];
        if (secret !== undefined) return secret;
        throw new PlatterError('NOT_FOUND', `there is no key "${keyId}"`, { details: { keyId } });
      }),
  };
}

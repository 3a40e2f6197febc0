/** Secrets kept as files: `<directory>/<key id>` holds the secret as hexadecimal text. */
import type { Config } from '../config/config.ts';
import { isHostError, PlatterError } from '../errors.ts';
import { checkName } from '../names.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import type { KeyManager } from '../ports/key-manager.ts';

const maxBytes = 4096;
/** Permission bits of others than the owner. */
const othersMask = 0o077;

/** Undefined where no directory is configured. Errors name the key, never its secret. */
export function keyDirectory(filesystem: Filesystem, config: Config): KeyManager | undefined {
  const directory = config.encryption.keyDirectory;
  if (directory === undefined) return undefined;
  return {
    async getSecret(keyId) {
      const path = `${directory}/${checkName('key', keyId)}`;
      const text = await readKey(filesystem, path, keyId);
      const secret = text.trim();
      if (/^(?:[0-9a-f]{2})+$/i.test(secret)) return secret;
      throw new PlatterError('CORRUPT', `the key "${keyId}" is no hexadecimal text`, {
        details: { keyId, path },
        hint: 'openssl rand -hex 64 prints a new one',
      });
    },
  };
}

async function readKey(filesystem: Filesystem, path: string, keyId: string): Promise<string> {
  try {
    const { mode, kind } = await filesystem.stat(path);
    if (kind !== 'file' || (mode & othersMask) !== 0) {
      throw new PlatterError('PERMISSION_DENIED', `the key "${keyId}" is not kept secret`, {
        details: { keyId, path, kind, mode: mode.toString(8) },
        hint: 'it has to be a regular file that its owner alone can read: chmod 600',
      });
    }
    return await filesystem.readText(path, maxBytes);
  } catch (error) {
    if (!isHostError(error, 'ENOENT', 'ENOTDIR')) throw error;
    throw new PlatterError('NOT_FOUND', `there is no key "${keyId}"`, {
      details: { keyId, path },
      hint: 'put its secret there as hexadecimal text, readable by its owner alone',
      cause: error,
    });
  }
}

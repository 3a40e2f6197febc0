/** SHA-256, by OpenSSL through Node. */
import { nodeCrypto } from './node-crypto.ts';
import { createReadStream } from 'node:fs';
import type { Digests } from '../ports/digest.ts';

const pieceBytes = 1024 * 1024;

export function nodeDigests(): Digests {
  return {
    sha256() {
      const hash = nodeCrypto().createHash('sha256');
      return {
        update(bytes) {
          hash.update(bytes);
        },
        hex: () => hash.digest('hex'),
      };
    },

    async sha256File(path, { signal, onProgress } = {}) {
      const hash = nodeCrypto().createHash('sha256');
      let doneBytes = 0;
      for await (const piece of createReadStream(path, { highWaterMark: pieceBytes })) {
        if (signal?.aborted === true) throw signal.reason;
        hash.update(piece as Uint8Array);
        doneBytes += (piece as Uint8Array).length;
        onProgress?.(doneBytes);
      }
      return hash.digest('hex');
    },
  };
}

/**
 * Checksums of simulated contents: equal contents have equal ones, different contents different ones, however they were
 * written. They look like SHA-256 and are not.
 */
import { createHash } from 'node:crypto';
import type { Digest, Digests } from '../src/ports/digest.ts';
import type { SimProcess } from './process.ts';
import { dug, emptyContent } from './volume/content.ts';
import {
  fingerprintFile,
  truncateContent,
  writeContent,
  type FileContent,
} from './volume/file-content.ts';
import type { World } from './world.ts';

export function simDigests(world: World, process: SimProcess): Digests {
  return {
    sha256: () => simDigest(world),
    sha256File: (path, { onProgress } = {}) =>
      world.call(process, 'digests.sha256File', path, () => {
        const inode = world.volume.findFile(path);
        onProgress?.(world.volume.sizeBytes(inode));
        return digestOf(world.volume.content(inode));
      }),
  };
}

function digestOf(content: FileContent): string {
  // Zeros that were written are zeros that were not.
  const whole = content.kind === 'raw' ? dug(content) : content;
  return createHash('sha256').update(fingerprintFile(whole)).digest('hex');
}

/** Puts together what passes by, just as the file that it is written to does. */
function simDigest({ volume }: World): Digest {
  let content: FileContent = emptyContent;
  let position = 0;
  return {
    update(bytes) {
      content = writeContent(content, position, bytes, volume.images);
      position += bytes.length;
    },
    hex: () => digestOf(truncateContent(content, position)),
  };
}

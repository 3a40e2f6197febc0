/** Whether files of an instance can share extents: tried on the very filesystem, for its type does not tell. */
import type { Config } from '../../config/config.ts';
import { instanceDirectory } from '../../config/layout.ts';
import { isHostError } from '../../errors.ts';
import type { ImageAddress } from '../../names.ts';
import type { Host } from '../../ports/host.ts';
import { parentOf, probePath } from '../../workspace/area.ts';

const attemptsMax = 5;

export function canReflink(
  host: Host,
  config: Config,
  { instance }: ImageAddress,
): Promise<boolean> {
  return canShareExtents(host, instanceDirectory(config, instance));
}

/** Tries it with a small file in the nearest directory that exists; false where nothing can be written. */
export async function canShareExtents(host: Host, wanted: string): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryIn(host, await nearestDirectory(host.filesystem, wanted));
    } catch (error) {
      if (!isHostError(error)) throw error;
      // The directory, or the file itself, was cleared away by somebody else: that says nothing of the filesystem.
      if (error.code !== 'ENOENT' || attempt === attemptsMax) return false;
    }
  }
}

async function tryIn({ filesystem, random }: Host, directory: string): Promise<boolean> {
  const source = probePath(directory, random.id());
  try {
    await filesystem.createText(source, 'x', { isDurable: false });
    await filesystem.clone(source, `${source}.clone`);
    return true;
  } finally {
    await filesystem.removeTree(source);
    await filesystem.removeTree(`${source}.clone`);
  }
}

async function nearestDirectory(filesystem: Host['filesystem'], path: string): Promise<string> {
  for (let directory = path; ; directory = parentOf(directory)) {
    try {
      await filesystem.stat(directory);
      return directory;
    } catch (error) {
      if (!isHostError(error, 'ENOENT') || directory === '/') throw error;
    }
  }
}

/** How much space a file, or a directory with all that is in it, takes. */
import { isHostError } from '../errors.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import { listDirectory } from '../workspace/area.ts';

/** Null when it has gone meanwhile. */
export async function allocatedBytes(filesystem: Filesystem, path: string): Promise<number | null> {
  try {
    const stat = await filesystem.stat(path);
    if (stat.kind !== 'directory') return stat.allocatedBytes;
    let sum = 0;
    for (const { name } of await listDirectory(filesystem, path)) {
      sum += (await allocatedBytes(filesystem, `${path}/${name}`)) ?? 0;
    }
    return sum;
  } catch (error) {
    if (isHostError(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
}

/** The cache mode of a disk, and the kind of input and output that goes with it (B137, B138). */
import { PlatterError } from '../errors.ts';

export const cacheModes = ['default', 'none', 'writethrough', 'writeback', 'directsync', 'unsafe'];
const sourceTypes = ['file', 'block', 'network', 'mount'];

/** `file=writeback` and its like, by source type. CONFIG_INVALID for an entry that says nothing. */
export function parseDiskCachemodes(entries: readonly string[]): ReadonlyMap<string, string> {
  const modes = new Map<string, string>();
  for (const entry of entries) {
    const [type = '', mode = '', ...rest] = entry.split('=');
    if (!sourceTypes.includes(type) || !cacheModes.includes(mode) || rest.length > 0) {
      throw new PlatterError('CONFIG_INVALID', `invalid cache mode ${JSON.stringify(entry)}`, {
        details: { key: 'libvirt.disk_cachemodes' },
        hint: `write it as ${sourceTypes.join('|')}=${cacheModes.join('|')}`,
      });
    }
    modes.set(type, mode);
  }
  return modes;
}

/** Without direct input and output on the host, only its page cache is left. */
export function defaultCacheMode(supportsDirectIo: boolean): string {
  return supportsDirectIo ? 'none' : 'writeback';
}

/** Native asynchronous input and output needs a cache mode that bypasses the host's page cache. */
export function ioFor(io: 'native' | undefined, cacheMode: string | undefined) {
  if (io === undefined) return undefined;
  const isDirect = cacheMode === undefined || ['none', 'directsync'].includes(cacheMode);
  return isDirect ? 'native' : 'threads';
}

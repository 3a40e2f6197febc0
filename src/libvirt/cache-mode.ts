/** The cache mode of a disk, and the kind of input and output that goes with it (B137, B138). */

export const cacheModes = ['default', 'none', 'writethrough', 'writeback', 'directsync', 'unsafe'];
export const sourceTypes = ['file', 'block', 'network', 'mount'];

/** `file=writeback` and its like, by source type. */
export function parseDiskCachemodes(entries: readonly string[]): ReadonlyMap<string, string> {
  return new Map(entries.map((entry) => entry.split('=') as [string, string]));
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

/** Lets a caller's function write an image into a private file. */
import type { ReceptionLimits } from '../config/config.ts';
import { isHostError, PlatterError } from '../errors.ts';
import type { FileStat } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import { throwIfCanceled } from './pump.ts';
import { isReceivable, requireReceivable, tooLarge } from './reception-limit.ts';
import type { FetchFunction, Progress } from './source.ts';

export interface Fetching {
  readonly target: string;
  readonly limits: ReceptionLimits;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** Resolves to the file, which is not too large; a function that tells of too much is stopped by its signal. */
export async function fetchInto(
  host: Host,
  source: { readonly fetch: FetchFunction },
  fetching: Fetching,
): Promise<FileStat> {
  const { target, limits, signal } = fetching;
  const excess = new AbortController();
  const onProgress = (progress: Progress) => {
    fetching.onProgress(progress);
    if (!isReceivable(limits, progress.done)) excess.abort(tooLarge(limits));
  };
  try {
    await source.fetch(target, { signal: AbortSignal.any([signal, excess.signal]), onProgress });
  } catch (error) {
    excess.signal.throwIfAborted();
    throw error;
  }
  throwIfCanceled(signal);
  return requireFetched(host, fetching);
}

async function requireFetched(host: Host, { target, limits }: Fetching): Promise<FileStat> {
  const stat = await host.filesystem.stat(target).catch((error: unknown) => {
    if (!isHostError(error, 'ENOENT')) throw error;
    throw new PlatterError(
      'NOT_FOUND',
      'the fetch function returned without writing the template',
      {
        hint: 'it has to write the whole image to the path that it is given',
        cause: error,
      },
    );
  });
  if (stat.kind !== 'file') {
    throw new PlatterError('UNSAFE_IMAGE', 'the fetch function did not write a regular file');
  }
  requireReceivable(limits, stat.sizeBytes);
  return stat;
}

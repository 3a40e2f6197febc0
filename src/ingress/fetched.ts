/** Lets a caller's function write an image into a private file. */
import type { ReceptionLimits } from '../config/config.ts';
import { isHostError, PlatterError } from '../errors.ts';
import type { FileStat } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import { throwIfCanceled } from './pump.ts';
import { requireReceivable } from './reception-limit.ts';
import type { FetchFunction, Progress } from './source.ts';

/** How often it is looked how large the file has become. */
const watchMs = 5000;

export interface Fetching {
  readonly target: string;
  readonly limits: ReceptionLimits;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** Resolves to the file, which is not too large; a function that writes too much is told to stop. */
export async function fetchInto(
  host: Host,
  source: { readonly fetch: FetchFunction },
  fetching: Fetching,
): Promise<FileStat> {
  const { target, signal, onProgress } = fetching;
  const excess = new AbortController();
  const end = new AbortController();
  const watching = watch(host, fetching, excess, AbortSignal.any([signal, end.signal]));
  try {
    await source.fetch(target, { signal: AbortSignal.any([signal, excess.signal]), onProgress });
  } catch (error) {
    excess.signal.throwIfAborted();
    throw error;
  } finally {
    end.abort();
    await watching;
  }
  throwIfCanceled(signal);
  return requireFetched(host, fetching);
}

/** Ends with `until`. A look that fails tells nothing: the file may not be there yet. */
async function watch(
  { clock, filesystem }: Host,
  { target, limits }: Fetching,
  excess: AbortController,
  until: AbortSignal,
): Promise<void> {
  while (!until.aborted) {
    const size = await clock.sleep(watchMs, until).then(
      () =>
        filesystem.stat(target).then(
          ({ sizeBytes }) => sizeBytes,
          () => 0,
        ),
      () => 0,
    );
    try {
      requireReceivable(limits, size);
    } catch (error) {
      excess.abort(error);
      return;
    }
  }
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

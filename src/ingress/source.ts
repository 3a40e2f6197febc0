/** Where an image comes from. */
import { PlatterError } from '../errors.ts';
import type { ByteStream } from '../ports/http.ts';

/**
 * What a caller's fetch function is given; it writes the whole image to `target`. One that tells how many bytes are done
 * is stopped by `signal` at the limit of what may be received; any is refused afterwards where it wrote more.
 */
export interface FetchOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

export type FetchFunction = (target: string, options: FetchOptions) => Promise<unknown>;

export interface Progress {
  /** What is being done, for people. */
  readonly phase: string;
  readonly done: number;
  /** Absent where nobody knows. */
  readonly total?: number;
}

export type ImageSource =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'stream'; readonly stream: ByteStream; readonly name: string }
  | { readonly kind: 'fetch'; readonly fetch: FetchFunction };

/** A stream, and what to show and record as where it came from. */
export interface NamedStream {
  readonly name: string;
  readonly stream: AsyncIterable<Uint8Array>;
}

/** What callers of the library may pass as a source. */
export type SourceInput = string | URL | AsyncIterable<Uint8Array> | NamedStream | FetchFunction;

/** A string with `http://` or `https://` in front is a URL, any other string an absolute path. */
export function imageSource(input: SourceInput): ImageSource {
  if (typeof input === 'function') return { kind: 'fetch', fetch: input };
  if (input instanceof URL) return imageSource(input.href);
  if (typeof input !== 'string') {
    const { name, stream } = 'stream' in input ? input : { name: 'stream', stream: input };
    return { kind: 'stream', stream: streamOf(stream), name };
  }
  if (/^https?:\/\//i.test(input)) return { kind: 'url', url: checkUrl(input) };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(input)?.[1];
  if (scheme !== undefined) {
    throw new PlatterError('INVALID_ARGUMENT', `cannot fetch from ${scheme}:// addresses`, {
      hint: 'sources are paths, http:// and https:// addresses, and standard input (-)',
    });
  }
  if (!input.startsWith('/')) {
    throw new PlatterError(
      'INVALID_ARGUMENT',
      `the source path ${JSON.stringify(input)} is not absolute`,
      {
        hint: 'give the whole path, beginning with /',
      },
    );
  }
  return { kind: 'path', path: input };
}

export function checkUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new PlatterError(
      'INVALID_ARGUMENT',
      'the address of the image is no valid http or https URL',
      {
        hint: 'write it like https://example.org/image.qcow2',
      },
    );
  }
  return url.href;
}

/** A source as it is shown and recorded: without the user, password and query of a URL, which may hold secrets. */
export function describeSource(source: ImageSource): string {
  switch (source.kind) {
    case 'path':
      return source.path;
    case 'url': {
      const { origin, pathname } = new URL(source.url);
      return `${origin}${pathname}`;
    }
    case 'stream':
      return source.name;
    case 'fetch':
      return 'fetch function';
  }
}

function streamOf(iterable: AsyncIterable<Uint8Array>): ByteStream {
  const iterator = iterable[Symbol.asyncIterator]();
  return {
    async read() {
      const next = await iterator.next();
      return next.done === true ? undefined : next.value;
    },
    async close() {
      await iterator.return?.();
    },
  };
}

/** The http port of a simulated process: servers that answer from a table, and connections that break. */
import { PlatterError } from '../src/errors.ts';
import type { Http, HttpResponse } from '../src/ports/http.ts';
import type { SimProcess } from './process.ts';
import type { World } from './world.ts';

interface SimWebFile {
  readonly bytes: Uint8Array;
  readonly etag: string;
  /** Its server sends what it is asked for, whatever version the rest is to fit. */
  readonly ignoresIfRange?: boolean;
}

/** What the web servers of a world serve, by URL. */
export function webOf(world: World): Map<string, SimWebFile> {
  return world.shared('web', () => new Map<string, SimWebFile>());
}

/** A piece ends where one of the file ends, wherever the transfer began. */
const pieceBytes = 65_536;

export function simHttp(world: World, process: SimProcess): Http {
  return {
    get: ({ url, headers = {} }) =>
      world.call(process, 'http.get', url, (fault) => {
        if (fault !== undefined) throw broken();
        const file = webOf(world).get(url);
        if (file === undefined) {
          const bytes = new Uint8Array(0);
          return respond(world, process, { status: 404, headers: {}, bytes, from: 0 });
        }
        const start = /^bytes=(\d+)-/.exec(headers['range'] ?? '')?.[1];
        const wanted = file.ignoresIfRange === true ? undefined : headers['if-range'];
        const isRange = start !== undefined && (wanted ?? file.etag) === file.etag;
        const from = isRange ? Number(start) : 0;
        const total = file.bytes.length;
        if (isRange && from >= total) {
          const outside = { 'content-range': `bytes */${total}` };
          const bytes = new Uint8Array(0);
          return respond(world, process, { status: 416, headers: outside, bytes, from: 0 });
        }
        const answered = {
          etag: file.etag,
          'content-length': String(total - from),
          ...(isRange ? { 'content-range': `bytes ${from}-${total - 1}/${total}` } : {}),
        };
        return respond(world, process, {
          status: isRange ? 206 : 200,
          headers: answered,
          bytes: file.bytes,
          from,
        });
      }),
  };
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly bytes: Uint8Array;
  /** Where in the bytes its body begins. */
  readonly from: number;
}

function respond(
  world: World,
  process: SimProcess,
  { status, headers, bytes, from }: Answer,
): HttpResponse {
  let position = from;
  return {
    status,
    headers,
    body: {
      read: () =>
        world.call(process, 'http.read', String(position), (fault) => {
          if (fault !== undefined) throw broken();
          if (position >= bytes.length) return undefined;
          const end = (Math.floor(position / pieceBytes) + 1) * pieceBytes;
          const piece = bytes.subarray(position, end);
          position += piece.length;
          return piece;
        }),
      close: () => world.call(process, 'http.close', '', () => undefined),
    },
  };
}

function broken(): PlatterError {
  return new PlatterError('UNREACHABLE', 'the connection broke');
}

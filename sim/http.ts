/** The http port of a simulated process: servers that answer from a table, and connections that break. */
import { PlatterError } from '../src/errors.ts';
import type { Http, HttpResponse } from '../src/ports/http.ts';
import type { SimProcess } from './process.ts';
import type { World } from './world.ts';

interface SimWebFile {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

/** What the web servers of a world serve, by URL. */
function webOf(world: World): Map<string, SimWebFile> {
  return world.shared('web', () => new Map<string, SimWebFile>());
}

const pieceBytes = 4096;

export function simHttp(world: World, process: SimProcess): Http {
  return {
    get: ({ url, headers = {} }) =>
      world.call(process, 'http.get', url, (fault) => {
        if (fault !== undefined) throw broken();
        const file = webOf(world).get(url);
        if (file === undefined) return respond(world, process, 404, new Uint8Array(0), {});
        const start = /^bytes=(\d+)-/.exec(headers['range'] ?? '')?.[1];
        const isRange = start !== undefined && headers['if-range'] === file.etag;
        const from = isRange ? Number(start) : 0;
        const piece = file.bytes.subarray(from);
        const total = file.bytes.length;
        return respond(world, process, isRange ? 206 : 200, piece, {
          etag: file.etag,
          'content-length': String(piece.length),
          ...(isRange ? { 'content-range': `bytes ${from}-${total - 1}/${total}` } : {}),
        });
      }),
  };
}

function respond(
  world: World,
  process: SimProcess,
  status: number,
  bytes: Uint8Array,
  headers: Record<string, string>,
): HttpResponse {
  let position = 0;
  return {
    status,
    headers,
    body: {
      read: () =>
        world.call(process, 'http.read', String(position), (fault) => {
          if (fault !== undefined) throw broken();
          if (position >= bytes.length) return undefined;
          const piece = bytes.subarray(position, position + pieceBytes);
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

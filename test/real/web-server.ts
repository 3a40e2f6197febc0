/** A web server on loopback that does what it is told, and remembers what it was asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface WebServer {
  readonly url: string;
  readonly requests: { readonly url: string; readonly range: string | undefined }[];
  answer: Answer;
  readonly close: () => Promise<void>;
}

export async function webServer(): Promise<WebServer> {
  const requests: WebServer['requests'] = [];
  const http = createServer((request, response) => {
    requests.push({ url: request.url ?? '', range: request.headers.range });
    server.answer(request, response);
  });
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  const { port } = http.address() as AddressInfo;
  const server: WebServer = {
    url: `http://127.0.0.1:${port}`,
    requests,
    answer: (_, response) => response.writeHead(404).end(),
    close: () =>
      new Promise((resolve) => {
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
  return server;
}

/** Serves bytes with ranges; `breakAfter` breaks the connection after so many bytes of each answer. */
export function serving(
  bytes: Buffer,
  options: { etag?: string; breakAfter?: () => number | undefined } = {},
): Answer {
  const { etag = '"one"' } = options;
  return (request, response) => {
    const asked = /^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1];
    const isRange = asked !== undefined && request.headers['if-range'] === etag;
    const start = isRange ? Number(asked) : 0;
    const piece = bytes.subarray(start);
    response.writeHead(isRange ? 206 : 200, {
      etag,
      'content-length': piece.length,
      ...(isRange ? { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    const limit = options.breakAfter?.();
    if (limit === undefined) {
      response.end(piece);
      return;
    }
    response.write(piece.subarray(0, limit), () => setTimeout(() => response.destroy(), 20));
  };
}

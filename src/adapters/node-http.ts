/** One GET at a time, by node:http and node:https. */
import type { IncomingMessage, RequestOptions } from 'node:http';
import type { LookupFunction } from 'node:net';
import { PlatterError } from '../errors.ts';
import type { ByteStream, Http, HttpRequest, HttpResponse } from '../ports/http.ts';

export function nodeHttp(): Http {
  return { get: (request) => get(request) };
}

async function get(request: HttpRequest): Promise<HttpResponse> {
  const url = new URL(request.url);
  const { request: open } =
    url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  const options: RequestOptions = {
    method: 'GET',
    headers: { 'user-agent': 'platter', ...request.headers },
    timeout: request.timeoutMs,
    agent: false,
    ...(request.signal === undefined ? {} : { signal: request.signal }),
    ...(request.allowInternal ? {} : { lookup: await publicLookup(url) }),
  };
  return new Promise((resolve, reject) => {
    const outgoing = open(url, options, (incoming) => resolve(responseOf(incoming, request)));
    outgoing.on('timeout', () => outgoing.destroy(silence(request)));
    outgoing.on('error', (error) => reject(asPlatterError(error, request)));
    outgoing.end();
  });
}

function responseOf(incoming: IncomingMessage, request: HttpRequest): HttpResponse {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  incoming.setTimeout(request.timeoutMs, () => incoming.destroy(silence(request)));
  return { status: incoming.statusCode ?? 0, headers, body: bodyOf(incoming, request) };
}

function bodyOf(incoming: IncomingMessage, request: HttpRequest): ByteStream {
  const pieces = incoming[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return {
    async read() {
      try {
        const next = await pieces.next();
        return next.done === true ? undefined : next.value;
      } catch (error) {
        throw asPlatterError(error, request);
      }
    },
    close() {
      incoming.destroy();
      return Promise.resolve();
    },
  };
}

/** An error of this kind passes through node:http unchanged. */
function silence({ timeoutMs }: HttpRequest): PlatterError {
  return new PlatterError('TIMED_OUT', `the server was silent for ${timeoutMs / 1000} s`);
}

function asPlatterError(error: unknown, { signal }: HttpRequest): Error {
  if (PlatterError.is(error)) return error;
  if (signal?.aborted === true) {
    return PlatterError.is(signal.reason)
      ? signal.reason
      : new PlatterError('CANCELED', 'the download was canceled', { cause: error });
  }
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = reasons[code ?? ''] ?? 'the connection broke';
  return new PlatterError('UNREACHABLE', reason, { details: { code, message }, cause: error });
}

const reasons: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name of the server is not known',
  EAI_AGAIN: 'the name of the server cannot be looked up now',
  ECONNREFUSED: 'the server refuses connections',
  EHOSTUNREACH: 'the server cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  CERT_HAS_EXPIRED: 'the certificate of the server has expired',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'the certificate of the server is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'the certificate of the server cannot be verified',
};

/** Looks names up, and refuses those that lead to this machine or into a private network. */
async function publicLookup(url: URL): Promise<LookupFunction> {
  const { BlockList, isIP } = await import('node:net');
  const { lookup } = await import('node:dns');
  const internal = new BlockList();
  for (const [network, prefix] of internalNetworks) {
    const isV6 = network.includes(':');
    internal.addSubnet(network, prefix, isV6 ? 'ipv6' : 'ipv4');
    // A gateway of NAT64 (RFC 6052) would lead there, too.
    if (!isV6) internal.addSubnet(`64:ff9b::${network}`, 96 + prefix, 'ipv6');
  }
  const isInternal = (address: string) =>
    internal.check(address, address.includes(':') ? 'ipv6' : 'ipv4');
  // Addresses in a URL are not looked up, so they are checked here.
  const literal = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(literal) !== 0 && isInternal(literal)) throw refusal();
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, []);
      if (addresses.some(({ address }) => isInternal(address))) return callback(refusal(), []);
      const [first] = addresses;
      if (options.all === true) return callback(null, addresses);
      return callback(null, first?.address ?? '', first?.family);
    });
  };
}

function refusal(): PlatterError {
  return new PlatterError('PERMISSION_DENIED', 'the server redirects into an internal network', {
    hint: 'give the address inside that network yourself, if you mean it',
  });
}

/** RFC 6890, RFC 4193 and RFC 8215: what no public server redirects to for good reasons. */
const internalNetworks: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
  ['::', 128],
  ['::1', 128],
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];

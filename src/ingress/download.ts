/**
 * Downloads over HTTP: redirects bounded and never from https to http, broken transfers continued where they stopped.
 *
 * What is continued is the same file only if the server says so: with `If-Range` it sends all of it when its validator
 * (ETag or date) has changed.
 */
import type { ReceptionLimits } from '../config/config.ts';
import { PlatterError } from '../errors.ts';
import type { FileHandle } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import type { HttpResponse } from '../ports/http.ts';
import type { Digest } from '../ports/digest.ts';
import { pumpStream, throwIfCanceled } from './pump.ts';
import { requireReceivable } from './reception-limit.ts';
import { checkUrl, describeSource } from './source.ts';

const redirectsMax = 5;
/** Failures in a row without one new byte. */
const failuresMax = 4;
const retryDelayMs = 500;
const timeoutMs = 30_000;

export interface Download {
  readonly url: string;
  readonly target: FileHandle;
  readonly signal: AbortSignal | undefined;
  readonly limits: ReceptionLimits;
  readonly onBytes: (doneBytes: number, totalBytes: number | undefined) => void;
  /** Where an earlier run stopped; `digest` has seen the bytes before `position`. */
  readonly resume?: {
    readonly position: number;
    readonly validator: string;
    readonly digest: Digest;
  };
  /** Called before the first byte is written, with the size of the whole where the server tells it. */
  readonly beforeBody: (totalBytes: number | undefined) => Promise<void>;
  /** Told as soon as the server has said how the transfer could be continued. */
  readonly onValidator: (validator: string | undefined) => Promise<void>;
}

/** Resolves to the SHA-256 of the whole. */
export async function download(
  host: Pick<Host, 'http' | 'clock' | 'digests'>,
  request: Download,
): Promise<string> {
  const state = {
    position: request.resume?.position ?? 0,
    validator: request.resume?.validator,
    digest: request.resume?.digest ?? host.digests.sha256(),
  };
  for (let failures = 0; ; failures += 1) {
    const before = state.position;
    try {
      await transfer(host, request, state);
      return state.digest.hex();
    } catch (error) {
      const canContinue =
        PlatterError.is(error) && ['UNREACHABLE', 'TIMED_OUT'].includes(error.code);
      if (!canContinue) throw error;
      if (state.position > before) failures = 0;
      if (failures + 1 >= failuresMax) throw error;
      await host.clock.sleep(retryDelayMs * 2 ** failures, request.signal);
    }
  }
}

interface TransferState {
  position: number;
  validator: string | undefined;
  digest: Digest;
}

async function transfer(
  host: Pick<Host, 'http' | 'digests'>,
  request: Download,
  state: TransferState,
): Promise<void> {
  const response = await openFollowing(host, request, state);
  try {
    const total = totalOf(response);
    if (total !== undefined) requireReceivable(request.limits, total);
    if (response.status === 416 && total === state.position) return;
    requireSuccess(response, request.url);
    const startsAt = response.status === 206 ? rangeStart(response) : 0;
    if (startsAt !== state.position) {
      if (startsAt !== 0)
        throw unreachable('the server sent another part of the file than asked for');
      state.position = 0;
      state.digest = host.digests.sha256();
      await request.target.truncate(0);
    }
    state.validator = validatorOf(response);
    await request.onValidator(state.validator);
    await request.beforeBody(total);
    const end = await pumpStream(
      {
        target: request.target,
        digest: state.digest,
        signal: request.signal,
        limits: request.limits,
        onBytes(done) {
          state.position = done;
          request.onBytes(done, total);
        },
      },
      response.body,
      state.position,
    );
    if (total !== undefined && end !== total) throw unreachable('the transfer broke off');
  } finally {
    await response.body.close();
  }
}

async function openFollowing(
  host: Pick<Host, 'http'>,
  request: Download,
  state: TransferState,
): Promise<HttpResponse> {
  let url = request.url;
  for (let redirects = 0; redirects <= redirectsMax; redirects += 1) {
    throwIfCanceled(request.signal);
    const response = await host.http.get({
      url,
      headers: rangeHeaders(state),
      signal: request.signal,
      timeoutMs,
      // Only whoever chose the address may point inside: a redirect to an internal host is refused by the adapter.
      allowInternal: url === request.url || new URL(url).hostname === new URL(request.url).hostname,
    });
    const location = response.headers['location'];
    if (response.status < 300 || response.status > 399 || location === undefined) return response;
    await response.body.close();
    url = nextHop(url, location);
  }
  throw new PlatterError('UNREACHABLE', `more than ${redirectsMax} redirects`, {
    hint: 'give the address of the file itself',
  });
}

function rangeHeaders({ position, validator }: TransferState): Record<string, string> {
  const always = { 'accept-encoding': 'identity' };
  if (position === 0 || validator === undefined) return always;
  return { ...always, range: `bytes=${position}-`, 'if-range': validator };
}

function nextHop(from: string, location: string): string {
  const target = checkUrl(URL.canParse(location, from) ? new URL(location, from).href : location);
  if (from.startsWith('https:') && target.startsWith('http:')) {
    throw new PlatterError('UNSAFE_IMAGE', 'the server redirects from https to plain http', {
      details: { from: describeSource({ kind: 'url', url: from }) },
      hint: 'give an address that stays on https',
    });
  }
  return target;
}

function requireSuccess(response: HttpResponse, url: string): void {
  const { status } = response;
  if (status === 200 || status === 206) return;
  const details = { status, url: describeSource({ kind: 'url', url }) };
  if (status === 404 || status === 410) {
    throw new PlatterError('NOT_FOUND', `the server has no such file (HTTP ${status})`, {
      details,
    });
  }
  if (status === 401 || status === 403) {
    throw new PlatterError('PERMISSION_DENIED', `the server refuses access (HTTP ${status})`, {
      details,
    });
  }
  if (status >= 500 || status === 408 || status === 429) {
    throw new PlatterError('UNREACHABLE', `the server cannot serve the file now (HTTP ${status})`, {
      details,
    });
  }
  throw new PlatterError('NOT_FOUND', `the server answered HTTP ${status}`, { details });
}

/** A weak ETag does not promise the same bytes, so it cannot continue a transfer. */
function validatorOf({ headers }: HttpResponse): string | undefined {
  const etag = headers['etag'];
  return etag !== undefined && !etag.startsWith('W/') ? etag : headers['last-modified'];
}

function rangeStart({ headers }: HttpResponse): number {
  const start = /^bytes (\d+)-/.exec(headers['content-range'] ?? '')?.[1];
  if (start === undefined) throw unreachable('the server sent a part without saying which');
  return Number(start);
}

function totalOf({ status, headers }: HttpResponse): number | undefined {
  const total =
    status === 200
      ? headers['content-length']
      : /\/(\d+)$/.exec(headers['content-range'] ?? '')?.[1];
  return total === undefined ? undefined : Number(total);
}

function unreachable(message: string): PlatterError {
  return new PlatterError('UNREACHABLE', message);
}

/**
 * Downloads over HTTP: redirects bounded and never from https to http, broken transfers continued where they stopped.
 *
 * What is continued is the same file only if the server says so: with `If-Range` it sends all of it when its validator
 * (ETag or date) has changed. Some servers know no `If-Range`: what they send is compared, and where it is of another
 * version all is asked for.
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

/** What tells one version of a file from another. */
export interface Version {
  readonly validator: string;
  /** Undefined where the server does not tell. */
  readonly totalBytes: number | undefined;
}

export interface Download {
  readonly url: string;
  readonly target: FileHandle;
  readonly signal: AbortSignal | undefined;
  readonly limits: ReceptionLimits;
  readonly onBytes: (doneBytes: number, totalBytes: number | undefined) => void;
  /** Where an earlier run stopped; `digest` has seen the bytes before `position`. */
  readonly resume?: {
    readonly position: number;
    readonly version: Version;
    readonly digest: Digest;
  };
  /** Called before the first byte is written, with what is still to come where the server tells it. */
  readonly beforeBody: (missingBytes: number | undefined) => Promise<void>;
  /**
   * Told which version it is, or that the transfer cannot be continued, before anything of it is written and when nothing
   * of another one is left.
   */
  readonly onVersion: (version: Version | undefined) => Promise<void>;
  /** Told when the server ended by closing the connection, as broken ones end too: nobody can tell that it is all. */
  readonly onOpenEnd: () => void;
}

/** Resolves to the SHA-256 of the whole. */
export async function download(
  host: Pick<Host, 'http' | 'clock' | 'digests'>,
  request: Download,
): Promise<string> {
  const state = {
    position: request.resume?.position ?? 0,
    version: request.resume?.version,
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
  version: Version | undefined;
  digest: Digest;
}

async function transfer(
  host: Pick<Host, 'http' | 'digests'>,
  request: Download,
  state: TransferState,
): Promise<void> {
  const response = await openContinuing(host, request, state);
  try {
    const total = totalOf(response);
    if (total !== undefined) requireReceivable(request.limits, total);
    if (state.position > 0 && response.status === 416) {
      // All had come before the connection broke; zeros at its end may not have been written.
      await request.target.truncate(state.position);
      return;
    }
    requireSuccess(response, request.url);
    const startsAt = response.status === 206 ? rangeStart(response) : 0;
    if (startsAt !== state.position) {
      if (startsAt !== 0)
        throw unreachable('the server sent another part of the file than asked for');
      await restart(host, request, state);
    }
    state.version = versionOf(response);
    await request.onVersion(state.version);
    await request.beforeBody(total === undefined ? undefined : total - state.position);
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
    if (total === undefined && !isChunked(response)) request.onOpenEnd();
  } finally {
    await response.body.close();
  }
}

/** An answer that goes on where the transfer stopped, or one that begins with the first byte. */
async function openContinuing(
  host: Pick<Host, 'http' | 'digests'>,
  request: Download,
  state: TransferState,
): Promise<HttpResponse> {
  const response = await openFollowing(host, request, state);
  if (state.position === 0 || isOfSameVersion(response, state)) return response;
  await response.body.close();
  await restart(host, request, state);
  return openFollowing(host, request, state);
}

/** Whether an answer may be put behind what is there. One with the whole file never is, and begins anew. */
function isOfSameVersion(response: HttpResponse, { position, version }: TransferState): boolean {
  const total = totalOf(response);
  const isSameTotal = total === version?.totalBytes;
  const isSameValidator = validatorOf(response) === version?.validator;
  const isTotalKnown = total !== undefined && version?.totalBytes !== undefined;
  switch (response.status) {
    case 206:
      return isSameValidator && (isSameTotal || !isTotalKnown);
    case 416:
      // Here most servers leave the validator out.
      return total === position && (isSameTotal || isSameValidator);
    default:
      return true;
  }
}

/** Nothing of what is there is used. */
async function restart(
  host: Pick<Host, 'digests'>,
  request: Download,
  state: TransferState,
): Promise<void> {
  state.position = 0;
  state.digest = host.digests.sha256();
  await request.target.truncate(0);
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

function rangeHeaders({ position, version }: TransferState): Record<string, string> {
  const always = { 'accept-encoding': 'identity' };
  if (position === 0 || version === undefined) return always;
  return { ...always, range: `bytes=${position}-`, 'if-range': version.validator };
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

function versionOf(response: HttpResponse): Version | undefined {
  const validator = validatorOf(response);
  return validator === undefined ? undefined : { validator, totalBytes: totalOf(response) };
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

/** The last chunk says that it is the last. */
function isChunked({ headers }: HttpResponse): boolean {
  return /(^|,)\s*chunked\s*$/i.test(headers['transfer-encoding'] ?? '');
}

function unreachable(message: string): PlatterError {
  return new PlatterError('UNREACHABLE', message);
}

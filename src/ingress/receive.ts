/** Brings the bytes of a source into a private file, whatever kind of source it is. */
import type { Config } from '../config/config.ts';
import { isHostError } from '../errors.ts';
import { requireSpace } from '../operations/space.ts';
import type { Digest } from '../ports/digest.ts';
import type { FileHandle, FileStat, OpenFile } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import type { ByteStream } from '../ports/http.ts';
import { parentOf } from '../workspace/area.ts';
import { isUntouched } from '../workspace/untouched.ts';
import { download, type Version } from './download.ts';
import { fetchInto } from './fetched.ts';
import { inspectFile, inspectOpenFile, openUntrusted, requireDisk, requireSafe } from './gate.ts';
import { pumpFile, pumpStream, sourceChanged, unlessCanceled } from './pump.ts';
import type { ImageSource, Progress } from './source.ts';

export interface Reception {
  readonly source: ImageSource;
  /** The private file to make. */
  readonly target: string;
  readonly declaredFormat?: string | undefined;
  /** What the caller will hold the checksum against. */
  readonly sha256?: string | undefined;
  readonly limits: Config['limits'];
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
  /** A transfer that an earlier run left at `target`. */
  readonly resume?: Version | undefined;
  /** Told which version of a file on the web is being received; undefined for one that cannot be continued. */
  readonly onVersion: (version: Version | undefined) => Promise<void>;
}

export interface Received {
  readonly sha256: string;
  /** The file before its checksum was taken, where somebody else wrote it, who may not have ended yet. */
  readonly written?: FileStat;
}

export async function receive(host: Host, reception: Reception): Promise<Received> {
  const { source, target, limits, declaredFormat } = reception;
  switch (source.kind) {
    case 'path':
      return { sha256: await receivePath(host, source.path, reception) };
    case 'url':
    case 'stream': {
      const sha256 =
        source.kind === 'url'
          ? await receiveUrl(host, source.url, reception)
          : await receiveStream(host, source.stream, reception);
      requireDisk(await inspectFile(host, target, limits, declaredFormat), declaredFormat);
      return { sha256 };
    }
    // A program knows what it writes: kernels and ramdisks, which are compressed, are fetched as disks are.
    case 'fetch': {
      const written = await fetchInto(host, source, reception);
      const sha256 = await host.digests.sha256File(target, {
        signal: reception.signal,
        onProgress: (done) => reception.onProgress({ phase: 'checksum', done }),
      });
      return { sha256, written };
    }
  }
}

async function receiveStream(
  host: Host,
  stream: ByteStream,
  reception: Reception,
): Promise<string> {
  const { target, signal, limits } = reception;
  const digest = host.digests.sha256();
  const unlessStopped = { ...stream, read: () => unlessCanceled(stream.read(), signal) };
  try {
    await withNewFile(host, target, (handle) =>
      pumpStream({ ...pump(handle, digest, reception, undefined), limits }, unlessStopped, 0),
    );
  } catch (error) {
    // Whoever feeds it is told that nobody reads any more; the first failure counts. What was canceled may be waited for
    // still, and then it would not close before it comes.
    if (!signal.aborted) await unlessCanceled(stream.close(), signal).catch(() => {});
    throw error;
  }
  return digest.hex();
}

/**
 * Copies from the open file that was inspected: what its path becomes meanwhile does not matter. The first look refuses
 * what is unsafe before anything is copied; the gate looks again at the copy. A file that somebody writes to meanwhile is
 * not taken for whole.
 */
async function receivePath(host: Host, path: string, reception: Reception): Promise<string> {
  const file = await openUntrusted(host.filesystem, path);
  try {
    requireSafe(await inspectOpenFile(file, reception.limits, reception.declaredFormat));
    const sha256 = await copyOpenFile(host, file, reception);
    if (!isUntouched(file.stat, await file.statNow())) throw sourceChanged();
    return sha256;
  } finally {
    file.close();
  }
}

async function copyOpenFile(host: Host, file: OpenFile, reception: Reception): Promise<string> {
  const { digests } = host;
  const { sizeBytes, allocatedBytes } = file.stat;
  if (await cloned(file, reception.target)) {
    return digests.sha256File(reception.target, {
      signal: reception.signal,
      onProgress: (done) => reception.onProgress({ phase: 'checksum', done, total: sizeBytes }),
    });
  }
  await requireSpace(host, parentOf(reception.target), Math.min(sizeBytes, allocatedBytes));
  const digest = digests.sha256();
  await withNewFile(host, reception.target, (target) =>
    pumpFile(pump(target, digest, reception, sizeBytes), file, sizeBytes),
  );
  return digest.hex();
}

async function cloned(source: OpenFile, target: string): Promise<boolean> {
  try {
    await source.cloneTo(target);
    return true;
  } catch (error) {
    if (isHostError(error, 'EOPNOTSUPP', 'ENOTSUP', 'EXDEV', 'EINVAL')) return false;
    throw error;
  }
}

const openEnd =
  'the server does not say how large the image is, so nobody can tell whether all of it came: give its checksum (--sha256)';

async function receiveUrl(host: Host, url: string, reception: Reception): Promise<string> {
  const { target, signal, resume, limits } = reception;
  const handle = await host.filesystem.open(target, resume === undefined ? 'create' : 'write');
  try {
    let spaceIsChecked = false;
    return await download(host, {
      url,
      target: handle,
      signal,
      limits,
      ...(resume === undefined ? {} : { resume: await resumption(handle, host, resume) }),
      onVersion: reception.onVersion,
      onOpenEnd() {
        if (reception.sha256 === undefined) host.events.emit({ type: 'warning', message: openEnd });
      },
      onBytes(done, total) {
        reception.onProgress({
          phase: 'download',
          done,
          ...(total === undefined ? {} : { total }),
        });
      },
      async beforeBody(missingBytes) {
        if (spaceIsChecked || missingBytes === undefined) return;
        spaceIsChecked = true;
        await requireSpace(host, parentOf(target), missingBytes);
      },
    });
  } finally {
    await handle.close();
  }
}

/** The digest has to see again what an earlier run received. */
async function resumption(handle: FileHandle, host: Host, version: Version) {
  const digest = host.digests.sha256();
  const { sizeBytes } = await handle.stat();
  const buffer = new Uint8Array(1024 * 1024);
  let position = 0;
  while (position < sizeBytes) {
    const got = await handle.read(buffer, position);
    if (got === 0) break;
    digest.update(buffer.subarray(0, got));
    position += got;
  }
  return { position, version, digest };
}

function pump(target: FileHandle, digest: Digest, reception: Reception, total: number | undefined) {
  return {
    target,
    digest,
    signal: reception.signal,
    onBytes: (done: number) =>
      reception.onProgress({ phase: 'copy', done, ...(total === undefined ? {} : { total }) }),
  };
}

async function withNewFile(
  host: Host,
  path: string,
  write: (handle: FileHandle) => Promise<unknown>,
): Promise<void> {
  const handle = await host.filesystem.open(path, 'create');
  try {
    await write(handle);
  } finally {
    await handle.close();
  }
}

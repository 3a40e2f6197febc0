/**
 * Locks as directories that are kept fresh, by proper-lockfile 4, with a record of the owner beside each.
 *
 * proper-lockfile alone cannot say who holds a lock, waits for a dead owner's lock to become stale, and releases a lock
 * that somebody else has taken over meanwhile. The owner record mends these three. Its name is unique to one hold of
 * the lock, so that removing it is a claim that only one process can win.
 */
import { nodeCrypto } from './node-crypto.ts';
import * as fs from 'node:fs/promises';
import { setTimeout as sleepFor } from 'node:timers/promises';
import { PlatterError } from '../errors.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import type { HostFacts } from '../ports/host-facts.ts';
import type { Lock, LockOwner, LockRequest, Locks } from '../ports/locks.ts';
import { makeDirectories } from '../workspace/area.ts';
import { isProvablyGone } from '../workspace/provably-gone.ts';
import { slotPool } from './slot-pool.ts';

/** A lock that was not kept fresh for this long is anybody's; holders refresh it at a third of it. */
const staleMs = 15_000;
const refreshMs = 5000;
const pollMsMin = 20;
const pollMsMax = 250;

export function lockfileLocks(facts: HostFacts, filesystem: Filesystem): Locks {
  const makeDirectory = (path: string) => makeDirectories(filesystem, path);
  return {
    acquire: (request) => acquire({ facts, makeDirectory }, request),
    holder: async (directory, name) => (await readOwners(pathsOf(directory, name)))[0],
    slot: slotPool(),
  };
}

interface LockPaths {
  /** The directory that is the lock. */
  readonly lock: string;
  /** The directory of the owner's record. */
  readonly owner: string;
}

function pathsOf(directory: string, name: string): LockPaths {
  const stem = `${directory}/platter-${name}`;
  return { lock: `${stem}.lock`, owner: `${stem}.owner` };
}

interface Surroundings {
  readonly facts: HostFacts;
  /** With what is missing above it. Node's own recursion never ends where the kernel makes no directories (/proc). */
  readonly makeDirectory: (path: string) => Promise<void>;
}

async function acquire(around: Surroundings, request: LockRequest): Promise<Lock> {
  const { facts } = around;
  const paths = pathsOf(request.directory, request.name);
  const startedAt = performance.now();
  const abortable = request.signal === undefined ? {} : { signal: request.signal };
  const watch = new FutureWatch();
  let hasTold = false;
  for (let pollMs = pollMsMin; ; pollMs = Math.min(pollMs * 1.5, pollMsMax)) {
    if (request.signal?.aborted === true) throw request.signal.reason;
    const [holder] = await readOwners(paths);
    const state = await stateOf(facts, holder);
    if (state === 'gone' && holder !== undefined) await removeDead(paths, holder);
    if (state !== 'alive') {
      const lock = await tryLock(around, request, paths);
      if (lock !== undefined) return lock;
      await watch.removeStale(paths);
    }
    if (performance.now() - startedAt >= request.waitMs) throw lockedError(request, holder);
    if (!hasTold) request.onWait?.(holder);
    hasTold = true;
    // Cut short by the caller's signal, which the next round sees.
    await sleepFor(pollMs * (0.5 + Math.random()), undefined, abortable).catch(() => {});
  }
}

/** Holds of this process that have ended, and whose records may be left. */
const givenUp = new Set<string>();

/** A holder that runs on this very host keeps its lock however long it stands still: only its death is waited for. */
async function stateOf(facts: HostFacts, holder: LockOwner | undefined) {
  if (holder === undefined) return 'unknown';
  if (givenUp.has(holder.id)) return 'unknown';
  if (await isProvablyGone(facts, holder)) return 'gone';
  const { boot, namespace } = facts.self;
  return holder.boot === boot && holder.namespace === namespace ? 'alive' : 'unknown';
}

/**
 * Locks whose time is in the future, for a clock was set back: by its age none of them ever becomes stale. One that
 * nobody has kept fresh for long enough while it was watched is stale all the same.
 */
class FutureWatch {
  #modifiedMs: number | undefined;
  #since = 0;

  async removeStale({ lock }: LockPaths): Promise<void> {
    const stat = await fs.stat(lock).catch(() => undefined);
    const now = performance.now();
    if (stat === undefined || stat.mtimeMs <= Date.now()) {
      this.#modifiedMs = undefined;
    } else if (stat.mtimeMs !== this.#modifiedMs) {
      this.#modifiedMs = stat.mtimeMs;
      this.#since = now;
    } else if (now - this.#since > staleMs) {
      await fs.rmdir(lock).catch(() => {});
    }
  }
}

/** Whoever removes the record of a dead owner may remove its lock, and nobody else. */
async function removeDead(paths: LockPaths, holder: LockOwner): Promise<void> {
  try {
    await fs.unlink(recordPath(paths, holder));
    await fs.rmdir(paths.lock);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
}

async function tryLock(
  around: Surroundings,
  request: LockRequest,
  paths: LockPaths,
  hasDirectory = false,
): Promise<Lock | undefined> {
  const owner: LockOwner = {
    ...around.facts.self,
    id: nodeCrypto().randomBytes(8).toString('hex'),
    operation: request.operation,
    since: new Date().toISOString(),
  };
  const lost = new AbortController();
  const { default: lockfile } = await import('proper-lockfile');
  let release: () => Promise<void>;
  try {
    // The first argument only names the lock in the library's registry, which knows no two holds of one path.
    release = await lockfile.lock(`${paths.lock}#${owner.id}`, {
      lockfilePath: paths.lock,
      realpath: false,
      stale: staleMs,
      update: refreshMs,
      onCompromised: (cause) => lost.abort(lostError(request, cause)),
    });
  } catch (error) {
    if (isErrno(error, 'ELOCKED')) return undefined;
    if (!isErrno(error, 'ENOENT') || hasDirectory) throw error;
    await around.makeDirectory(request.directory);
    return tryLock(around, request, paths, true);
  }
  try {
    await writeOwner(paths, owner);
  } catch (error) {
    givenUp.add(owner.id);
    await fs.rm(paths.owner, { recursive: true, force: true }).catch(() => {});
    await release().catch(() => {});
    throw error;
  }
  return {
    owner,
    signal: lost.signal,
    verify: () => verify(paths, owner, request),
    release: () => giveBack(paths, owner, release),
  };
}

/** By the record, which whoever takes the lock removes. It is opened, for over NFS a look alone may be an old one. */
async function verify(paths: LockPaths, owner: LockOwner, request: LockRequest): Promise<void> {
  try {
    const record = await fs.open(recordPath(paths, owner));
    await record.close();
  } catch (error) {
    throw isErrno(error, 'ENOENT') ? lostError(request, error) : error;
  }
}

function recordPath(paths: LockPaths, { id }: LockOwner): string {
  return `${paths.owner}/${id}.json`;
}

async function writeOwner(paths: LockPaths, owner: LockOwner): Promise<void> {
  try {
    await fs.mkdir(paths.owner);
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    for (const name of await fs.readdir(paths.owner)) {
      await fs.rm(`${paths.owner}/${name}`, { force: true });
    }
  }
  await fs.writeFile(recordPath(paths, owner), JSON.stringify(owner));
}

/** Without its record the lock belongs to somebody else by now: then the library must not remove it. */
async function giveBack(
  paths: LockPaths,
  owner: LockOwner,
  release: () => Promise<void>,
): Promise<void> {
  try {
    await fs.unlink(recordPath(paths, owner));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    // Whether it is removed nobody knows, if a server did not answer: in no case is the lock to be kept fresh for ever.
    givenUp.add(owner.id);
    await release().catch(() => {});
    throw error;
  }
  await fs.rmdir(paths.owner).catch(() => {});
  await release().catch((error: unknown) => {
    if (!isErrno(error, 'ERELEASED') && !isErrno(error, 'ENOTACQUIRED')) throw error;
  });
}

/** The records of who holds the lock: one, but for moments. */
async function readOwners(paths: LockPaths): Promise<readonly LockOwner[]> {
  const owners: LockOwner[] = [];
  const names = await fs.readdir(paths.owner).catch(() => []);
  for (const name of names) {
    try {
      owners.push(JSON.parse(await fs.readFile(`${paths.owner}/${name}`, 'utf8')) as LockOwner);
    } catch {
      // Just being written, or just removed.
    }
  }
  return owners;
}

function lockedError(request: LockRequest, holder: LockOwner | undefined): PlatterError {
  const who =
    holder === undefined
      ? 'somebody'
      : `process ${holder.pid} on ${holder.host} (${holder.operation}, since ${holder.since})`;
  return new PlatterError('LOCKED', `${request.operation} has to wait: ${who} is at work on it`, {
    details: { lock: request.name, ...(holder === undefined ? {} : { holder }) },
    hint: 'wait for it to end, or give more time with --lock-wait',
  });
}

function lostError(request: LockRequest, cause: unknown): PlatterError {
  return new PlatterError('LOCKED', `lost the lock for: ${request.operation}`, {
    details: { lock: request.name },
    hint: 'this process stood still for too long; try again',
    cause,
  });
}

function isErrno(error: unknown, code: string): boolean {
  return (error as { code?: unknown } | null)?.code === code;
}

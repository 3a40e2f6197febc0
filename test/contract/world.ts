/** What a contract suite needs of a host, real or simulated. */
import type { Command } from '../../src/ports/executor.ts';
import type { Host } from '../../src/ports/host.ts';
import type { LockRequest } from '../../src/ports/locks.ts';

export interface World {
  readonly host: Host;
  /** An empty directory on a filesystem that is the suite's own. */
  readonly directory: string;
  /** Another process of the same host, as far as the ports can tell. */
  readonly otherProcess: () => Promise<Host>;
  /** A command that runs for at least half a minute. */
  readonly slowCommand: () => Promise<Command>;
  /** Another process takes the lock and dies holding it. */
  readonly dieHolding: (request: LockRequest) => Promise<void>;
  /** Makes the lock free whoever holds it, as one does who takes it for stale. */
  readonly stealLock: (request: LockRequest) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

export type MakeWorld = () => Promise<World>;

/** The errno, or the code of platter's error, with which a promise rejects; undefined when it does not. */
export async function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return String((error as { code?: unknown }).code);
  }
}

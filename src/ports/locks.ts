/**
 * Named locks between tasks, processes and hosts that share a directory.
 *
 * A lock keeps others from doing the same work at the same time. It can be stolen from a holder that stood still for too
 * long, so nothing may become wrong when two hold it: see workspace/workspace.ts for what keeps the result right.
 */
import type { ProcessIdentity } from './host-facts.ts';

export interface LockOwner extends ProcessIdentity {
  /** Unique to this hold of the lock. */
  readonly id: string;
  readonly operation: string;
  /** ISO time in UTC. */
  readonly since: string;
}

export interface LockRequest {
  /** Directory shared by all who compete for the lock; made when it is missing. */
  readonly directory: string;
  readonly name: string;
  /** What the lock is taken for; shown to those who wait. */
  readonly operation: string;
  /** How long to wait for it; Infinity is allowed. Then LOCKED, whose details name the holder. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once when the lock is held by somebody else, before waiting. */
  readonly onWait?: ((holder: LockOwner | undefined) => void) | undefined;
}

export interface Lock {
  readonly owner: LockOwner;
  /** Aborted, with a LOCKED error as its reason, when the lock was lost to somebody else. */
  readonly signal: AbortSignal;
  /** Rejects with LOCKED when somebody else has taken it: whoever stood still may come here before `signal` is aborted. */
  verify(): Promise<void>;
  release(): Promise<void>;
}

export interface Locks {
  acquire(request: LockRequest): Promise<Lock>;
  /** Who holds the lock, as far as that can be read. */
  holder(directory: string, name: string): Promise<LockOwner | undefined>;
  /**
   * Waits until fewer than `limit` slots of `pool` are held in this process, and takes one.
   * The returned function gives it back.
   */
  slot(pool: string, limit: number, signal?: AbortSignal): Promise<() => void>;
}

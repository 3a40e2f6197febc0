/** Slots for things of which only so many may go on at a time in one process. */
import type { Locks } from '../ports/locks.ts';

interface Pool {
  held: number;
  readonly waiting: (() => void)[];
}

export function slotPool(): Locks['slot'] {
  const pools = new Map<string, Pool>();
  return async (name, limit, signal) => {
    const pool = pools.get(name) ?? { held: 0, waiting: [] };
    pools.set(name, pool);
    while (pool.held >= limit) await nextRelease(pool, signal);
    pool.held += 1;
    return () => {
      pool.held -= 1;
      pool.waiting.shift()?.();
    };
  };
}

function nextRelease(pool: Pool, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const giveUp = () => {
      // A release that wakes nobody would be lost.
      pool.waiting.splice(pool.waiting.indexOf(proceed), 1);
      reject(signal?.reason as Error);
    };
    const proceed = () => {
      signal?.removeEventListener('abort', giveUp);
      resolve();
    };
    if (signal?.aborted === true) {
      reject(signal.reason as Error);
      return;
    }
    signal?.addEventListener('abort', giveUp, { once: true });
    pool.waiting.push(proceed);
  });
}

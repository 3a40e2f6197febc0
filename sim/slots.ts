import type { Locks } from '../src/ports/locks.ts';
import type { SimProcess } from './process.ts';
import type { World } from './world.ts';

/** Slots for long disk operations; they belong to one process. */
export function simSlots(world: World, process: SimProcess): Locks['slot'] {
  const pools = new Map<string, { held: number; waiting: Set<() => void> }>();
  return async (name, limit, signal) => {
    const pool = pools.get(name) ?? { held: 0, waiting: new Set<() => void>() };
    pools.set(name, pool);
    for (;;) {
      if (signal?.aborted === true) throw signal.reason;
      const isFree = await world.call(process, 'locks.slot', name, () => {
        if (pool.held >= limit) return false;
        pool.held += 1;
        return true;
      });
      if (isFree) break;
      await world.callLater<void>(process, 'locks.wait for slot', name, (settle) => {
        const proceed = () => {
          signal?.removeEventListener('abort', proceed);
          settle.resolve();
        };
        pool.waiting.add(proceed);
        signal?.addEventListener('abort', proceed, { once: true });
      });
    }
    return () => {
      pool.held -= 1;
      const waiting = [...pool.waiting];
      pool.waiting.clear();
      for (const proceed of waiting) proceed();
    };
  };
}

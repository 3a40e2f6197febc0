/** Time, by the machine's own clocks. */
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';

/** Node takes a longer time for none: 24.8 days. */
export const timerMsMax = 2 ** 31 - 1;

export function nodeClock(): Clock {
  return {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    async sleep(ms, signal) {
      try {
        let leftMs = ms;
        do {
          const pieceMs = Math.min(leftMs, timerMsMax);
          await sleepFor(pieceMs, undefined, signal === undefined ? {} : { signal });
          leftMs -= pieceMs;
        } while (leftMs > 0);
      } catch (error) {
        throw signal?.aborted === true ? signal.reason : error;
      }
    },
  };
}

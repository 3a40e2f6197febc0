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
        for (let leftMs = ms; leftMs > 0 || leftMs === ms; leftMs -= timerMsMax) {
          const pieceMs = Math.min(leftMs, timerMsMax);
          await sleepFor(pieceMs, undefined, signal === undefined ? {} : { signal });
        }
      } catch (error) {
        throw signal?.aborted === true ? signal.reason : error;
      }
    },
  };
}

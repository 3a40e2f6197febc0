/** Time, by the machine's own clocks. */
import { setTimeout as sleepFor } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';

export function nodeClock(): Clock {
  return {
    now: () => Date.now(),
    monotonicMs: () => performance.now(),
    async sleep(ms, signal) {
      try {
        await sleepFor(ms, undefined, signal === undefined ? {} : { signal });
      } catch (error) {
        throw signal?.aborted === true ? signal.reason : error;
      }
    },
  };
}

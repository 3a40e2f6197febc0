/** Virtual time, as a simulated process sees it: its machine's wall clock drifts, jumps, and stands still with it. */
import type { Clock } from '../src/ports/clock.ts';
import type { SimProcess } from './process.ts';
import type { World } from './world.ts';

export function simClock(world: World, process: SimProcess): Clock {
  return {
    now: () => world.wallMs(process.machine),
    monotonicMs: () => world.gate.nowUs / 1000,
    sleep(ms, signal) {
      return world.callLater<void>(process, 'clock.sleep', String(ms), (settle) => {
        const cancel = () => {
          timer.cancel();
          settle.reject(signal?.reason);
        };
        const timer = world.gate.at(
          world.gate.nowUs + ms * 1000,
          () => {
            signal?.removeEventListener('abort', cancel);
            settle.resolve();
          },
          process,
        );
        if (signal?.aborted === true) cancel();
        else signal?.addEventListener('abort', cancel, { once: true });
      });
    },
  };
}

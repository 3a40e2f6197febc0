/** What a simulated process knows of itself and of the other processes of its machine. */
import type { HostFacts } from '../src/ports/host-facts.ts';
import { identityOf, type SimProcess } from './process.ts';
import type { World } from './world.ts';

export function simHostFacts(world: World, process: SimProcess): HostFacts {
  return {
    self: identityOf(process),
    isRunning: (pid, processStart) =>
      world.call(process, 'facts.isRunning', String(pid), () =>
        [...process.machine.processes].some(
          (other) => other.pid === pid && String(other.startTicks) === processStart,
        ),
      ),
  };
}

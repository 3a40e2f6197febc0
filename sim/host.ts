/** The host of a simulated process: every port bound to its world. */
import type { EventSink } from '../src/ports/events.ts';
import type { Host } from '../src/ports/host.ts';
import { simClock } from './clock.ts';
import { simDigests } from './digest.ts';
import { simExecutor } from './executor.ts';
import { SimFilesystem } from './filesystem.ts';
import { simHostFacts } from './host-facts.ts';
import { simHttp } from './http.ts';
import { simLocks } from './locks.ts';
import type { SimProcess } from './process.ts';
import { simRandom } from './random.ts';
import type { World } from './world.ts';

const silence: EventSink = { emit: () => {} };

export function hostOf(world: World, process: SimProcess, events: EventSink = silence): Host {
  return {
    executor: simExecutor(world, process),
    filesystem: new SimFilesystem(world, process),
    locks: simLocks(world, process),
    clock: simClock(world, process),
    random: simRandom(process),
    http: simHttp(world, process),
    digests: simDigests(world, process),
    facts: simHostFacts(world, process),
    events,
  };
}

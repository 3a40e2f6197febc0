/** The bundle of ports on which the engine runs: everything it knows of the world. */
import type { Clock } from './clock.ts';
import type { Digests } from './digest.ts';
import type { EventSink } from './events.ts';
import type { Executor } from './executor.ts';
import type { Filesystem } from './filesystem.ts';
import type { HostFacts } from './host-facts.ts';
import type { Http } from './http.ts';
import type { Locks } from './locks.ts';
import type { Random } from './random.ts';

export interface Host {
  readonly executor: Executor;
  readonly filesystem: Filesystem;
  readonly locks: Locks;
  readonly clock: Clock;
  readonly random: Random;
  readonly http: Http;
  readonly digests: Digests;
  readonly facts: HostFacts;
  readonly events: EventSink;
}

/**
 * `simHost()`: a simulated host to run any program on that takes a host. Its calls proceed one at a time, in virtual
 * time; what happens between them is for scenarios (scenarios/) to choose.
 */
import type { EventSink } from '../src/ports/events.ts';
import type { Host } from '../src/ports/host.ts';
import { hostOf } from './host.ts';
import type { SimProcess } from './process.ts';
import { playedPolicy } from './schedule/choices.ts';
import type { Fault } from './faults/fault.ts';
import { World, type WorldOptions } from './world.ts';

export interface SimHostOptions {
  /** What goes wrong, and where. Default: nothing. */
  readonly faults?: readonly Fault[];
  /** Default is 1 TiB. */
  readonly capacityBytes?: number;
  /** Whether files can share extents. Default is true. */
  readonly hasReflinks?: boolean;
  /** Whether space can be reserved. Default is true. */
  readonly hasFallocate?: boolean;
  readonly events?: EventSink;
  /** What there is besides the filesystem. Default: nothing. */
  readonly makeStores?: NonNullable<WorldOptions['makeStores']>;
}

/** A host, with what holds it in hand. */
export interface SimHost extends Host {
  /** The host alone. */
  readonly host: Host;
  readonly world: World;
  readonly process: SimProcess;
  /** Another process on the same machine. */
  readonly spawn: () => Host;
}

export function simHost(options: SimHostOptions = {}): SimHost {
  const world = new World({
    ...worldDefaults,
    ...options,
    machines: 1,
    faults: options.faults ?? [],
  });
  world.gate.runFreely();
  const [machine] = world.machines;
  if (machine === undefined) throw new Error('a world has at least one machine');
  const process = world.spawn(machine, 'program');
  const { events } = options;
  const host = hostOf(world, process, events);
  return {
    ...host,
    host,
    world,
    process,
    spawn: () => hostOf(world, world.spawn(machine, 'program'), events),
  };
}

/** One machine with a disk of its own, on which nothing goes wrong. */
export const worldDefaults: WorldOptions = {
  machines: 1,
  policy: playedPolicy([]),
  faults: [],
  capacityBytes: 2 ** 40,
  hasReflinks: true,
  hasFallocate: true,
  persistence: 'strict',
  isShared: false,
  chooseState: () => 0,
  stepsMax: Infinity,
};

/**
 * Clients that only take, hold and give back one lock on several machines, and somebody who looks on: do two hold it at
 * once, and in which of the ways in which proper-lockfile loses mutual exclusion did that come about?
 */
import { isHostError, PlatterError } from '../../src/errors.ts';
import { simClock } from '../../sim/clock.ts';
import type { Fault } from '../../sim/faults/fault.ts';
import { lockTable, simLocks } from '../../sim/locks.ts';
import type { SimProcess } from '../../sim/process.ts';
import { randomPolicy } from '../../sim/schedule/choices.ts';
import { Prng } from '../../sim/schedule/prng.ts';
import type { Observer } from '../../sim/observer.ts';
import { World } from '../../sim/world.ts';

export interface LockScenario {
  readonly seed: number;
  /** How far each machine's clock is ahead. */
  readonly offsetsMs: readonly number[];
  /** How long each client holds the lock, and on which machine it runs. */
  readonly clients: readonly { readonly machine: number; readonly holdMs: number }[];
  readonly pauses: readonly Fault[];
}

/** The three ways of simulation.md 3.3. */
export type Way = 'stale race' | 'release of a foreign lock' | 'clock skew';

export interface Overlap {
  /** Undefined when it came about in none of the known ways. */
  readonly way: Way | undefined;
}

const staleMs = 15_000;

/** Every moment at which two held the lock that both were keeping fresh. */
export async function runLockScenario(scenario: LockScenario): Promise<readonly Overlap[]> {
  const world = new World({
    machines: scenario.offsetsMs.length,
    policy: randomPolicy(new Prng(scenario.seed, 'schedule'), 3),
    faults: scenario.pauses,
    capacityBytes: 2 ** 30,
    hasReflinks: true,
    hasFallocate: true,
    persistence: 'strict',
    isShared: true,
    chooseState: () => 0,
  });
  scenario.offsetsMs.forEach((offsetMs, index) => {
    const machine = world.machines[index];
    if (machine !== undefined) machine.offsetMs = offsetMs;
  });
  const onlooker = new LockOnlooker(world);
  world.observers.push(onlooker);
  await world.run(() => {
    for (const { machine, holdMs } of scenario.clients) {
      const host = world.machines[machine % world.machines.length];
      if (host === undefined) continue;
      world.gate.enter();
      void useLock(world, world.spawn(host, 'client'), holdMs).finally(() => world.gate.leave());
    }
  });
  return onlooker.overlaps;
}

async function useLock(world: World, process: SimProcess, holdMs: number): Promise<void> {
  const request = { directory: '/locks', name: 'image', operation: 'hold it', waitMs: 120_000 };
  for (let round = 0; round < 2; round += 1) {
    try {
      const lock = await simLocks(world, process).acquire(request);
      await simClock(world, process).sleep(holdMs);
      await lock.release();
    } catch (error) {
      if (!PlatterError.is(error) && !isHostError(error)) throw error;
    }
  }
  world.end(process);
}

class LockOnlooker implements Observer {
  readonly overlaps: Overlap[] = [];
  readonly #world: World;
  /** Who made the directory that is the lock. */
  #maker: SimProcess | undefined;
  /** Whose lock each of those who look at its age has seen. */
  readonly #seen = new Map<SimProcess, SimProcess | undefined>();
  #lastWrong: Way | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  /** Before the effect of the step. */
  onStep(process: SimProcess, name: string, subject: string): void {
    const state = lockTable(this.#world).get(subject);
    if (state === undefined) return;
    this.#lookForOverlap(state.believers);
    switch (name) {
      case 'locks.make directory':
        if (state.directoryMs === undefined) this.#maker = process;
        return;
      case 'locks.look at age':
        this.#seen.set(process, this.#maker);
        return;
      case 'locks.remove stale':
        if (this.#maker !== this.#seen.get(process)) this.#lastWrong = 'stale race';
        else if (this.#isKeptFresh(state.believers)) this.#lastWrong = 'clock skew';
        return;
      case 'locks.remove':
        if (this.#maker !== process && state.directoryMs !== undefined) {
          this.#lastWrong = 'release of a foreign lock';
        }
        return;
      default:
        return;
    }
  }

  #isKeptFresh(believers: Believers): boolean {
    return [...believers].some((hold) => hold.process === this.#maker && this.#isFresh(hold));
  }

  #isFresh({ process, freshMs }: Believer): boolean {
    return process.isAlive && this.#world.wallMs(process.machine) - freshMs < staleMs;
  }

  /** One that stood still for too long believes in its lock too, but nobody promised it anything. */
  #lookForOverlap(believers: Believers): void {
    const fresh = [...believers].filter((hold) => this.#isFresh(hold));
    if (fresh.length > 1) this.overlaps.push({ way: this.#lastWrong });
  }
}

interface Believer {
  readonly process: SimProcess;
  readonly freshMs: number;
}

type Believers = Iterable<Believer>;

/**
 * The gate: every call of a port is held here until the scheduler lets it take effect. Only one thing ever runs: when
 * every live task is held, one decision is taken, one call takes effect, one task goes on.
 *
 * What is held is a call of a task (a promise) or a step of a simulated tool. Timers fire when their time has come; time
 * passes a little with every effect, and jumps to the next timer when nothing else can go on.
 *
 * Crashes are "never resumed": what a dead process had held is dropped, and its promises never settle, just as SIGKILL
 * runs no `finally`.
 */
import type { SchedulePolicy } from './choices.ts';
import { attempt, type Held, type Owner, type Settle, type Timer } from './held.ts';
import { Timers } from './timers.ts';

export interface GateOptions {
  readonly policy: SchedulePolicy;
  /** Looks at what is about to proceed. False: it is gone (a crash struck first) and must not. */
  readonly admit: (held: Held) => boolean;
  /** Called when it has proceeded. */
  readonly afterwards: () => void;
  /** More steps than this are taken for a loop without end. */
  readonly stepsMax: number;
}

/** `idle`: nothing is left to do. `endless`: it would have gone on. */
export type GateOutcome = 'idle' | 'endless';

const stepCostUs = 50;
const timersInVainMax = 20_000;
/** Jumps in a row that resume nobody, before it is made sure that nobody is on the way to a next call. */
const jumpsInVainMax = 2;

export class Gate {
  nowUs = 0;
  steps = 0;
  readonly #options: GateOptions;
  #held: Held[] = [];
  readonly #timers = new Timers();
  #running = 0;
  #firedInVain = 0;
  #jumpsInVain = 0;
  #last: Owner | undefined;
  #isOver = true;
  /** Without a run: whoever calls is not known, so the event loop tells when all are held. */
  #isFree = false;
  #isTicking = false;
  /** Calls whose answers come later, and have not come. */
  readonly #awaited = new Set<{ readonly owner: Owner }>();
  #finish: ((outcome: GateOutcome) => void) | undefined;
  #fail: ((error: unknown) => void) | undefined;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  /** Runs what `start` begins until nothing can go on and no timer is left. Can be called again. */
  run(start: () => void): Promise<GateOutcome> {
    return new Promise((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
      this.#isOver = false;
      this.#running = 1;
      start();
      this.leave();
      this.#watch();
    });
  }

  /** From here on calls proceed whenever the event loop turns, whoever makes them: for programs outside of a run. */
  runFreely(): void {
    this.#isFree = true;
    this.#isOver = false;
  }

  /** A task begins, or is resumed: it counts as running until it is held or ends. */
  enter(): void {
    this.#running += 1;
  }

  /** A task was held, or has ended. */
  leave(): void {
    if (this.#isFree) return this.#tick();
    // A task that has forked (Promise.all) is counted once, and leaves by each of its calls.
    this.#running = Math.max(0, this.#running - 1);
    if (this.#running === 0) this.#proceed();
  }

  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    setImmediate(() => {
      this.#isTicking = false;
      this.#running = 0;
      this.#proceed();
      if (this.#running > 0 || this.#held.length > 0) this.#tick();
    });
  }

  /** Holds a call of a task until the scheduler lets `effect` happen. */
  call<Value>(owner: Owner, name: string, subject: string, effect: () => Value): Promise<Value> {
    return new Promise((resolve, reject) => {
      // A branch of a task that has died: it hears nothing any more (see `#watch`).
      if (!owner.isAlive) return;
      this.#held.push({
        owner,
        name,
        subject,
        proceed: () => {
          this.#running += 1;
          const answer = attempt(effect);
          // Whoever died of this call hears no answer.
          if (owner.isAlive) answer(resolve, reject);
          else this.#running -= 1;
        },
      });
      this.leave();
    });
  }

  /** Holds a call whose answer comes later, from whoever `begin` gives `settle` to. */
  callLater<Value>(
    owner: Owner,
    name: string,
    subject: string,
    begin: (settle: Settle<Value>) => void,
  ): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (!owner.isAlive) return;
      let isSettled = false;
      const awaited = { owner };
      this.#awaited.add(awaited);
      const settle = (answer: () => void) => {
        if (isSettled || !owner.isAlive) return;
        isSettled = true;
        this.#awaited.delete(awaited);
        this.#running += 1;
        answer();
      };
      this.#held.push({
        owner,
        name,
        subject,
        proceed: () =>
          begin({
            resolve: (value) => settle(() => resolve(value)),
            reject: (error) => settle(() => reject(error)),
          }),
      });
      this.leave();
    });
  }

  /** A step of a tool: no task waits for it. */
  hold(held: Held): void {
    this.#held.push(held);
    if (this.#isFree) this.#tick();
  }

  /** Fires when the time has come and its owner does not stand still. */
  at(atUs: number, fire: () => void, owner?: Owner): Timer {
    return this.#timers.add(atUs, fire, owner);
  }

  /** Drops what the dead have held. */
  bury(owner: Owner): void {
    owner.isAlive = false;
    for (const awaited of this.#awaited) if (awaited.owner === owner) this.#awaited.delete(awaited);
    this.#held = this.#held.filter((held) => held.owner !== owner);
    this.#timers.bury(owner);
  }

  /** What throws in here is a bug of the simulator, and ends the run. */
  #proceed(): void {
    try {
      this.#proceedUntilResumed();
    } catch (error) {
      this.#isOver = true;
      if (this.#fail === undefined) throw error;
      this.#fail(error);
    }
  }

  #proceedUntilResumed(): void {
    while (this.#running === 0 && !this.#isOver) {
      if (this.steps >= this.#options.stepsMax) return this.#end('endless');
      if (this.#timers.fireDue(this.nowUs)) {
        // Timers that only set themselves again, while all wait for what never comes.
        this.#firedInVain += 1;
        if (this.#firedInVain > timersInVainMax) return this.#end('endless');
        continue;
      }
      const held = this.#next();
      if (held === undefined) {
        if (this.#mayJump() && this.#jump()) continue;
        // Another branch of a task may still be on its way to its next call: `#watch` ends the run.
        return;
      }
      this.steps += 1;
      this.#firedInVain = 0;
      this.nowUs += stepCostUs;
      if (!this.#options.admit(held)) continue;
      this.#last = held.owner;
      held.proceed();
      this.#options.afterwards();
      if (this.#running > 0) this.#jumpsInVain = 0;
    }
  }

  /**
   * Several are resumed at once (a lock is given back), and those that fork leave more often than they came: then it seems
   * that all are held while one is still on its way. Time must not run away from it, and `#watch` goes on when it is there.
   */
  #mayJump(): boolean {
    if (this.#isFree) return true;
    this.#jumpsInVain = (this.#jumpsInVain + 1) % (jumpsInVainMax + 1);
    return this.#jumpsInVain > 0;
  }

  #next(): Held | undefined {
    const held = this.#held;
    const { length } = held;
    if (length === 1) {
      const [only] = held;
      if (only === undefined || only.owner.pausedUntilUs > this.nowUs) return undefined;
      held.pop();
      return only;
    }
    const ready = this.#ready();
    if (ready.length === 0) return undefined;
    const choice = ready.length === 1 ? 0 : this.#options.policy.choose(ready);
    const chosen = ready[choice];
    if (chosen !== undefined) held.splice(held.indexOf(chosen), 1);
    return chosen;
  }

  /** What can go on now: first what belongs to whoever went on last, then by age. */
  #ready(): readonly Held[] {
    const ready: Held[] = [];
    for (const held of this.#held) {
      if (held.owner.pausedUntilUs > this.nowUs) continue;
      if (held.owner === this.#last) ready.unshift(held);
      else ready.push(held);
    }
    return ready;
  }

  /** Lets time jump to when something can go on again; false when nothing ever will. */
  #jump(): boolean {
    // Outside of a run time stands still while nobody waits for anything: a lock would be kept fresh for ever.
    if (this.#isFree && this.#awaited.size === 0 && this.#held.length === 0) return false;
    let nextUs = this.#timers.nextUs();
    for (const { owner } of this.#held) nextUs = Math.min(nextUs, owner.pausedUntilUs);
    if (nextUs === Infinity) return false;
    this.nowUs = Math.max(this.nowUs, nextUs);
    return true;
  }

  #end(outcome: GateOutcome): void {
    this.#isOver = true;
    this.#held = [];
    this.#timers.clear();
    this.#finish?.(outcome);
  }

  /**
   * A whole run is microtasks, so the event loop turns only when no task can go on by itself: those that still count as
   * running then wait for something inside the program (another branch of `Promise.all`), and are held in truth.
   */
  #watch(): void {
    setImmediate(() => {
      if (this.#isOver) return;
      this.#running = 0;
      this.#proceed();
      const isIdle = this.#running === 0 && this.#held.length === 0 && this.#timers.isEmpty;
      if (isIdle && !this.#isOver) this.#end('idle');
      else this.#watch();
    });
  }
}

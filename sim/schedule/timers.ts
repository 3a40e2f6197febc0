/** Timers of a world in virtual time: which one fires next, and when. */
import type { Owner, Timer } from './held.ts';

interface PendingTimer extends Timer {
  readonly atUs: number;
  readonly order: number;
  readonly owner: Owner | undefined;
  fire: (() => void) | undefined;
}

export class Timers {
  #pending: PendingTimer[] = [];
  #order = 0;
  /** Nothing fires before this: most steps need not look any further. */
  #earliestUs = Infinity;

  get isEmpty(): boolean {
    return this.#pending.length === 0;
  }

  add(atUs: number, fire: () => void, owner: Owner | undefined): Timer {
    const timer: PendingTimer = {
      atUs,
      order: this.#order++,
      owner,
      fire,
      cancel: () => {
        timer.fire = undefined;
        const index = this.#pending.indexOf(timer);
        if (index >= 0) this.#pending.splice(index, 1);
      },
    };
    this.#pending.push(timer);
    this.#earliestUs = Math.min(this.#earliestUs, atUs);
    return timer;
  }

  /** Fires one whose time has come: the earliest, then the oldest. False when there is none. */
  fireDue(nowUs: number): boolean {
    if (this.#earliestUs > nowUs) return false;
    let due: PendingTimer | undefined;
    this.#earliestUs = Infinity;
    for (const timer of this.#pending) {
      this.#earliestUs = Math.min(this.#earliestUs, timer.atUs);
      if (dueUs(timer) <= nowUs && (due === undefined || isBefore(timer, due))) due = timer;
    }
    if (due === undefined) return false;
    this.#pending.splice(this.#pending.indexOf(due), 1);
    due.fire?.();
    return true;
  }

  /** Infinity when nothing will fire any more. */
  nextUs(): number {
    let nextUs = Infinity;
    for (const timer of this.#pending) nextUs = Math.min(nextUs, dueUs(timer));
    return nextUs;
  }

  /** Those of whoever has died never fire. */
  bury(owner: Owner): void {
    this.#pending = this.#pending.filter((timer) => timer.owner !== owner);
  }

  clear(): void {
    this.#pending = [];
  }
}

/** Timers of whoever stands still fire when it goes on. */
function dueUs(timer: PendingTimer): number {
  return Math.max(timer.atUs, timer.owner?.pausedUntilUs ?? 0);
}

function isBefore(a: PendingTimer, b: PendingTimer): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);
}

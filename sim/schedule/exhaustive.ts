/**
 * Every schedule of two tasks, within bounds: at each choice a run takes the value that it is given, 0 where there are no
 * more, and tells how many there were (see sweep/odometer.ts).
 *
 * A change of task is offered only where it can matter: before a step that touches what the other task touches too. A
 * task that cannot go on leaves the other one free to; else each change is a pre-emption, and their number is bounded.
 */
import type { Candidate, SchedulePolicy, Task } from './choices.ts';

export interface ExhaustiveOptions {
  readonly values: readonly number[];
  readonly preemptionsMax: number;
  /** Whether this step of this task touches what others touch. */
  readonly matters: (task: number, step: Candidate) => boolean;
}

export class ExhaustivePolicy implements SchedulePolicy {
  readonly name = 'exhaustive';
  readonly choices: { readonly value: number; readonly bound: number }[] = [];
  readonly #options: ExhaustiveOptions;
  #preemptions = 0;
  #current: number | undefined;

  constructor(options: ExhaustiveOptions) {
    this.#options = options;
  }

  /** Told of every step, also of those that were no choice. */
  onStep(process: Task): void {
    this.#current = taskOf(process);
  }

  choose(candidates: readonly Candidate[]): number {
    const firsts = firstOfEach(candidates);
    const own = this.#current === undefined ? undefined : firsts.get(this.#current);
    const others = [...firsts.values()].filter((index) => index !== own);
    if (own === undefined) return this.#take(others);
    const step = candidates[own];
    const isOffered =
      others.length > 0 &&
      step !== undefined &&
      this.#preemptions < this.#options.preemptionsMax &&
      this.#options.matters(taskOf(step.owner), step);
    if (!isOffered) return own;
    const index = this.#take([own, ...others]);
    if (index !== own) this.#preemptions += 1;
    return index;
  }

  #take(indices: readonly number[]): number {
    if (indices.length === 1) return indices[0] ?? 0;
    const value = (this.#options.values[this.choices.length] ?? 0) % indices.length;
    this.choices.push({ value, bound: indices.length });
    return indices[value] ?? 0;
  }
}

/** What a tool does is done by whoever started it. */
export function taskOf({ id, parent }: Task): number {
  return parent === undefined ? id : taskOf(parent);
}

/** Where the first candidate of each task stands. */
function firstOfEach(candidates: readonly Candidate[]): ReadonlyMap<number, number> {
  const firsts = new Map<number, number>();
  candidates.forEach(({ owner }, index) => {
    const task = taskOf(owner);
    if (!firsts.has(task)) firsts.set(task, index);
  });
  return firsts;
}

/**
 * Who goes on next: a policy that draws, or a recorded tape. 0 is the boring choice (whoever went on last goes on, else
 * who has waited longest), so that a schedule is shrunk by turning numbers into 0, and a tape that is too short ends
 * without pre-emptions.
 */
import type { Prng } from './prng.ts';

/** Something that could go on, as far as a policy needs to know it. */
export interface Candidate {
  readonly owner: Task;
  readonly name: string;
  readonly subject: string;
}

/** A process, or a tool that works for one. */
export interface Task {
  readonly id: number;
  readonly parent?: Task | undefined;
}

export interface SchedulePolicy {
  readonly name: string;
  /** An index; called only when there are at least two candidates. */
  choose(candidates: readonly Candidate[]): number;
}

/** Leaves whoever is on in peace, but for one decision in so many. */
export function randomPolicy(prng: Prng, preemptionOdds: number): SchedulePolicy {
  return {
    name: `random 1/${preemptionOdds}`,
    choose: (candidates) => (prng.oneIn(preemptionOdds) ? prng.below(candidates.length) : 0),
  };
}

/**
 * Probabilistic concurrency testing: the one of highest priority goes on; at `depth` - 1 steps, drawn before, it falls
 * behind all others. Finds a bug that needs `depth` pre-emptions with a known probability.
 */
export function pctPolicy(prng: Prng, depth: number, stepsExpected: number): SchedulePolicy {
  const priorities = new Map<number, number>();
  const changes = new Set(Array.from({ length: depth - 1 }, () => prng.below(stepsExpected)));
  let step = 0;
  let lowest = 0;
  const priorityOf = (id: number) => {
    const known = priorities.get(id);
    if (known !== undefined) return known;
    const priority = 1 + prng.below(2 ** 30);
    priorities.set(id, priority);
    return priority;
  };
  return {
    name: `pct ${depth}`,
    choose(candidates) {
      let best = 0;
      candidates.forEach((candidate, index) => {
        const current = candidates[best]?.owner.id ?? 0;
        if (priorityOf(candidate.owner.id) > priorityOf(current)) best = index;
      });
      if (changes.has(step)) priorities.set(candidates[best]?.owner.id ?? 0, (lowest -= 1));
      step += 1;
      return best;
    },
  };
}

/** Plays a recorded schedule. */
export function playedPolicy(tape: readonly number[]): SchedulePolicy {
  let position = 0;
  return {
    name: 'played',
    choose(candidates) {
      const choice = tape[position] ?? 0;
      position += 1;
      return choice % candidates.length;
    },
  };
}

/** Keeps what another policy chooses; the zeros at the end mean nothing. */
export class RecordingPolicy implements SchedulePolicy {
  readonly #policy: SchedulePolicy;
  readonly #tape: number[] = [];

  constructor(policy: SchedulePolicy) {
    this.#policy = policy;
  }

  get name(): string {
    return this.#policy.name;
  }

  choose(candidates: readonly Candidate[]): number {
    const choice = this.#policy.choose(candidates);
    this.#tape.push(choice);
    return choice;
  }

  get tape(): readonly number[] {
    let length = this.#tape.length;
    while (length > 0 && this.#tape[length - 1] === 0) length -= 1;
    return this.#tape.slice(0, length);
  }
}

/** Sweeps the schedules of two clients: every order of the steps that matter to each other, within bounds. */
import type { Candidate } from '../schedule/choices.ts';
import { ExhaustivePolicy, taskOf } from '../schedule/exhaustive.ts';
import type { SimProcess } from '../process.ts';
import type { Model } from '../model/model.ts';
import type { Invariant } from '../model/invariant.ts';
import { invariants } from '../invariants/invariants.ts';
import type { SweepCase } from './cases.ts';
import { nextValues } from './odometer.ts';
import { Sweep, type SweepLimits, type SweptCase } from './sweep-case.ts';
import { Touched, touchesOf, type Touch } from './touches.ts';

/** What a task touches may depend on the schedule: schedules are gone through again until nothing is added. */
const roundsMax = 4;

export async function sweepSchedules(pair: SweepCase, limits: SweepLimits): Promise<SweptCase> {
  const sweep = new Sweep(pair);
  let touched = new Touched();
  for (let round = 0; round < roundsMax; round += 1) {
    const { size } = touched;
    const next = await goThrough(sweep, touched, limits);
    touched = next;
    if (next.size === size) break;
  }
  return { ...sweep.sum, steps: 0 };
}

/** All schedules, given what tasks are known to touch; resolves to what they are known to touch then. */
async function goThrough(
  sweep: Sweep,
  known: Touched,
  { preemptionsMax, schedulesMax }: SweepLimits,
): Promise<Touched> {
  const grown = known.copy();
  let values: readonly number[] | undefined = [];
  sweep.schedules = 0;
  sweep.schedulesUnfinished = 0;
  while (values !== undefined) {
    if (sweep.schedules === schedulesMax) {
      sweep.schedulesUnfinished = 1;
      break;
    }
    const onlooker = new Onlooker(grown);
    const policy: ExhaustivePolicy = new ExhaustivePolicy({
      values,
      preemptionsMax,
      matters: (task, step) => known.isShared(task, onlooker.touches(task, step)),
    });
    onlooker.policy = policy;
    await sweep.run(sweep.scenario, {
      policy,
      invariants: [onlooker.asInvariant, ...invariants],
    });
    sweep.schedules += 1;
    values = nextValues(policy.choices);
  }
  return grown;
}

class Onlooker {
  policy: ExhaustivePolicy | undefined;
  readonly #touched: Touched;
  /** What the tools of each task were started with, the last one. */
  readonly #commands = new Map<number, string>();

  readonly asInvariant: Invariant = {
    id: 'onlooker',
    description: 'looks on',
    onStep: (model, process, name, subject) => this.#step(model, process, name, subject),
  };

  constructor(touched: Touched) {
    this.#touched = touched;
  }

  #step(model: Model, process: SimProcess, name: string, subject: string): undefined {
    this.policy?.onStep(process);
    // Who sets up or closes down is alone.
    if (model.world.faults.isOver) return undefined;
    const task = taskOf(process);
    if (name === 'executor.run') this.#commands.set(task, subject);
    this.#touched.add(task, touchesOf(name, subject, this.#commands.get(task) ?? ''));
    return undefined;
  }

  touches(task: number, { name, subject }: Candidate): readonly Touch[] {
    return touchesOf(name, subject, this.#commands.get(task) ?? '');
  }
}

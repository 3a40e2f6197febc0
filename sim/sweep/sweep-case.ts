/**
 * Sweeps one case: each fault at each step of its operation alone, and each state that a power cut can leave there. Every
 * run has all invariants on, and ends with the closing phase.
 */
import type { Fault } from '../faults/fault.ts';
import { failureOf, type FailureFile } from '../failures/failure-file.ts';
import { runScenario, type RunOptions, type RunResult } from '../scenarios/run.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { SweepCase } from './cases.ts';
import { nextValues } from './odometer.ts';
import { deathsAt, faultsAt } from './one-fault.ts';
import { recordSteps, type Step } from './recording.ts';

export interface SweptCase {
  readonly id: string;
  readonly kind: string;
  readonly steps: number;
  readonly runs: number;
  /** Runs in which a fault struck, power cuts apart. */
  readonly faults: number;
  readonly crashStates: number;
  /** Power cuts that could have left more states than were tried. */
  readonly cutsUnfinished: number;
  readonly schedules: number;
  /** Pairs of clients of which more schedules are left than were tried. */
  readonly schedulesUnfinished: number;
  readonly violations: number;
  /** The first few of each invariant. */
  readonly failures: readonly FailureFile[];
  /** `site × fault`. */
  readonly possible: readonly string[];
  readonly injected: readonly string[];
}

export interface SweepLimits {
  /** Of one power cut. */
  readonly statesMax: number;
  /** Of one schedule. */
  readonly preemptionsMax: number;
  /** Of one pair of clients. */
  readonly schedulesMax: number;
}

const filesPerInvariant = 3;

export async function sweepCase(swept: SweepCase, limits: SweepLimits): Promise<SweptCase> {
  const sweep = new FaultSweep(swept, limits);
  const steps = await recordSteps(swept.scenario);
  await sweep.strike(steps);
  await sweep.cutPower(steps);
  return { ...sweep.sum, steps: steps.length };
}

/** Runs scenarios of a case, and keeps what came of them. */
export class Sweep {
  readonly #case: SweepCase;
  readonly #possible = new Set<string>();
  readonly #injected = new Set<string>();
  readonly #failures: FailureFile[] = [];
  runs = 0;
  faults = 0;
  crashStates = 0;
  cutsUnfinished = 0;
  schedules = 0;
  schedulesUnfinished = 0;
  #violations = 0;

  constructor(swept: SweepCase) {
    this.#case = swept;
  }

  get scenario(): Scenario {
    return this.#case.scenario;
  }

  get sum(): SweptCase {
    const { runs, faults, crashStates, cutsUnfinished, schedules, schedulesUnfinished } = this;
    return {
      id: this.#case.id,
      kind: this.#case.kind,
      steps: 0,
      ...{ runs, faults, crashStates, cutsUnfinished, schedules, schedulesUnfinished },
      violations: this.#violations,
      failures: this.#failures,
      possible: [...this.#possible],
      injected: [...this.#injected],
    };
  }

  isPossible({ site, kind }: Fault): void {
    this.#possible.add(`${site} × ${kind}`);
  }

  async run(scenario: Scenario, options: RunOptions = {}): Promise<RunResult> {
    const result = await runScenario(scenario, options);
    this.runs += 1;
    for (const { site, kind } of result.world.faults.struck.keys()) {
      this.#injected.add(`${site} × ${kind}`);
    }
    const [violation] = result.violations;
    if (violation === undefined) return result;
    this.#violations += 1;
    const alike = this.#failures.filter((failure) => failure.violation.id === violation.id);
    if (alike.length < filesPerInvariant) {
      const profile = `sweep-${this.#case.id.replaceAll('/', '-')}`;
      this.#failures.push(failureOf(scenario, result, { seed: this.runs, profile }));
    }
    return result;
  }
}

class FaultSweep extends Sweep {
  readonly #limits: SweepLimits;

  constructor(swept: SweepCase, limits: SweepLimits) {
    super(swept);
    this.#limits = limits;
  }

  /** What is killed is begun again in one run, and left to whoever recovers in another. */
  async strike(steps: readonly Step[]): Promise<void> {
    const { scenario } = this;
    for (const step of steps) {
      for (const fault of faultsAt(step, scenario)) {
        this.isPossible(fault);
        await this.run({ ...scenario, faults: [fault] });
        this.faults += 1;
        if (fault.kind !== 'kill process') continue;
        await this.run(retried({ ...scenario, faults: [fault] }));
        this.faults += 1;
      }
    }
  }

  async cutPower(steps: readonly Step[]): Promise<void> {
    for (const scenario of onVolumes(this.scenario)) {
      for (const step of steps) {
        for (const cut of deathsAt(step, 'cut power')) {
          this.isPossible(cut);
          // Where nothing has changed since the last cut, this one leaves the same.
          const isNew = cut.amount !== undefined || step.follows === 'change';
          await this.#cut(scenario, cut, isNew ? this.#limits.statesMax : 1);
        }
      }
    }
  }

  async #cut(scenario: Scenario, cut: Fault, statesMax: number): Promise<void> {
    let states: readonly number[] | undefined = [];
    for (let tried = 0; states !== undefined; tried += 1) {
      if (tried === statesMax) {
        if (statesMax > 1) this.cutsUnfinished += 1;
        return;
      }
      const result: RunResult = await this.run({ ...scenario, faults: [cut], states });
      this.crashStates += 1;
      states = nextValues(result.stateChoices);
    }
  }
}

function retried(scenario: Scenario): Scenario {
  const [first, ...others] = scenario.clients;
  const [operation, ...rest] = first?.operations ?? [];
  if (first === undefined || operation === undefined) return scenario;
  const operations = [{ ...operation, isRetried: true }, ...rest];
  return { ...scenario, clients: [{ ...first, operations }, ...others] };
}

/** On a server only the memory of the host is lost; one host alone loses what its own disk had not written. */
function onVolumes(scenario: Scenario): readonly Scenario[] {
  if (scenario.machines.length > 1) return [scenario, retried(scenario)];
  const local = { ...scenario.volume, isShared: false };
  return [
    { ...scenario, volume: { ...local, persistence: 'strict' } },
    retried({ ...scenario, volume: { ...local, persistence: 'posix-min' } }),
  ];
}

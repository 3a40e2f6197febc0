/** A run of consecutive scenarios in one thread. */
import { profilesNamed, type Profile } from '../faults/profiles.ts';
import type { FailureFile } from '../failures/failure-file.ts';
import { failureOf } from '../failures/failure-file.ts';
import { invariants } from '../invariants/invariants.ts';
import { generateScenario } from '../scenarios/generate.ts';
import { runScenario, type RunResult } from '../scenarios/run.ts';
import type { SimBackend } from '../scenarios/scenario.ts';
import { Coverage, type CoverageData } from './coverage.ts';

export interface ShardOrder {
  readonly backend: SimBackend;
  /** Name of a profile, or `all` for those that promise survival, by turns. */
  readonly profile: string;
  /** Of the first scenario; each next one has the next number. */
  readonly seed: number;
  readonly scenarios: number;
  /** Goes no further once one has failed. */
  readonly stopsAtFailure: boolean;
  /** One scenario in so many runs again when all are done, and has to take the very same course. 0: none. */
  readonly repeatsOneIn: number;
}

export interface ShardResult {
  readonly seed: number;
  readonly scenarios: number;
  readonly portCalls: number;
  readonly simulatedMs: number;
  /** One a scenario, in order. */
  readonly traceHashes: readonly number[];
  readonly repeated: number;
  readonly failures: readonly FailureFile[];
  readonly coverage: CoverageData;
}

export async function runShard(order: ShardOrder): Promise<ShardResult> {
  const { seed: first, scenarios, stopsAtFailure } = order;
  const coverage = new Coverage();
  const observed = {
    invariants: [...invariants, coverage.asInvariant],
    observers: [coverage],
  };
  const failures: FailureFile[] = [];
  const traceHashes: number[] = [];
  let portCalls = 0;
  let simulatedMs = 0;
  for (let seed = first; seed < first + scenarios; seed += 1) {
    const { scenario, profile } = scenarioOf(order, seed);
    const result = await runScenario(scenario, observed);
    traceHashes.push(result.traceHash);
    portCalls += result.portCalls;
    simulatedMs += result.simulatedMs;
    if (result.violations.length > 0) failures.push(failureOf(scenario, result, { seed, profile }));
    if (stopsAtFailure && failures.length > 0) break;
  }
  const repeated = await repeatSome(order, traceHashes, failures);
  return {
    seed: first,
    scenarios: traceHashes.length,
    portCalls,
    simulatedMs,
    traceHashes,
    repeated,
    failures,
    coverage: coverage.data,
  };
}

function scenarioOf({ backend, profile: name }: ShardOrder, seed: number) {
  const profiles = profilesNamed(name);
  const profile = profiles[seed % profiles.length] as Profile;
  return { scenario: generateScenario(seed, backend, profile), profile: profile.name };
}

/** After a thousand others a scenario has to go as it went before them. */
async function repeatSome(
  order: ShardOrder,
  traceHashes: readonly number[],
  failures: FailureFile[],
): Promise<number> {
  if (order.repeatsOneIn === 0) return 0;
  let repeated = 0;
  for (let index = 0; index < traceHashes.length; index += order.repeatsOneIn) {
    const seed = order.seed + index;
    const { scenario, profile } = scenarioOf(order, seed);
    const result = await runScenario(scenario);
    repeated += 1;
    if (result.traceHash === traceHashes[index]) continue;
    failures.push(failureOf(scenario, astray(result), { seed, profile }));
  }
  return repeated;
}

function astray(result: RunResult): RunResult {
  const message = 'the same scenario took another course when it ran again';
  return { ...result, violations: [{ id: 'determinism', message, step: 0 }] };
}

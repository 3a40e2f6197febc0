/** Many scenarios over all cores, and what came of them. */
import type { FailureFile } from '../failures/failure-file.ts';
import { formatHash } from '../failures/failure-file.ts';
import type { SimBackend } from '../scenarios/scenario.ts';
import { addCoverage, emptyCoverage, type CoverageData } from './coverage.ts';
import { unreached } from './interesting.ts';
import type { ShardOrder, ShardResult } from './shard.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface SoakOrder {
  readonly seed: number;
  readonly backend: SimBackend;
  readonly profile: string;
  /** Infinity: until `isTimeUp`. */
  readonly scenarios: number;
  readonly isTimeUp: () => boolean;
  /** Stops after so many failures. */
  readonly failuresMax: number;
  readonly onProgress?: (done: number) => void;
  /** As soon as they are found: whoever ends a long run early keeps them. */
  readonly onFailures?: (failures: readonly FailureFile[]) => void;
}

export interface SoakResult {
  readonly scenarios: number;
  readonly portCalls: number;
  readonly simulatedMs: number;
  /** Of all traces, in order. */
  readonly traceHash: string;
  /** Scenarios that ran twice, some of them in a fresh thread, and had to take the same course. */
  readonly repeated: number;
  readonly failures: readonly FailureFile[];
  readonly coverage: CoverageData;
  /** Interesting things that never happened, though enough scenarios ran for them. */
  readonly unreached: readonly string[];
}

const shardScenarios = 100;
const repeatsOneIn = 50;
/** How many are run again in a worker that has run nothing before. */
const freshRepeats = 2;

export async function soak(
  order: SoakOrder,
  pool: WorkerPool,
  freshPool: () => WorkerPool,
): Promise<SoakResult> {
  const sum = new Sum();
  let ordered = 0;
  const next = (): ShardOrder | undefined => {
    const scenarios = Math.min(shardScenarios, order.scenarios - ordered);
    if (scenarios <= 0 || order.isTimeUp() || sum.failures.length >= order.failuresMax) {
      return undefined;
    }
    const shard = shardOf(order, order.seed + ordered, scenarios);
    ordered += scenarios;
    return shard;
  };
  await pool.runAll(next, (result) => {
    sum.add(result);
    if (result.failures.length > 0) order.onFailures?.(result.failures);
    order.onProgress?.(sum.scenarios);
  });
  await repeatFresh(order, sum, freshPool);
  return sum.result(order);
}

function shardOf({ backend, profile }: SoakOrder, seed: number, scenarios: number): ShardOrder {
  return { backend, profile, seed, scenarios, stopsAtFailure: false, repeatsOneIn };
}

/** The trace of a scenario must not depend on what the process did before. */
async function repeatFresh(order: SoakOrder, sum: Sum, freshPool: () => WorkerPool): Promise<void> {
  const seeds = Array.from(
    { length: Math.min(freshRepeats, sum.scenarios) },
    (_, index) => order.seed + sum.scenarios - 1 - index,
  );
  if (seeds.length === 0) return;
  const pool = freshPool();
  const left = seeds.map((seed) => ({ ...shardOf(order, seed, 1), repeatsOneIn: 0 }));
  await pool.runAll(
    () => left.shift(),
    ({ seed, traceHashes }) => sum.compare(seed - order.seed, traceHashes[0] ?? 0),
  );
  await pool.close();
}

class Sum {
  scenarios = 0;
  readonly failures: FailureFile[] = [];
  readonly #coverage = emptyCoverage();
  readonly #traceHashes: number[] = [];
  readonly #astray: number[] = [];
  #portCalls = 0;
  #simulatedMs = 0;
  #repeated = 0;

  add(result: ShardResult): void {
    this.scenarios += result.scenarios;
    this.#portCalls += result.portCalls;
    this.#simulatedMs += result.simulatedMs;
    this.#repeated += result.repeated;
    for (const hash of result.traceHashes) this.#traceHashes.push(hash);
    this.failures.push(...result.failures);
    addCoverage(this.#coverage, result.coverage);
  }

  compare(index: number, traceHash: number): void {
    this.#repeated += 1;
    if (this.#traceHashes[index] !== traceHash) this.#astray.push(index);
  }

  result(order: SoakOrder): SoakResult {
    let hash = 0x811c9dc5;
    for (const trace of this.#traceHashes) hash = Math.imul(hash ^ trace, 0x01000193);
    const unreachedHere = unreached(order, this.scenarios, this.#coverage);
    return {
      scenarios: this.scenarios,
      portCalls: this.#portCalls,
      simulatedMs: this.#simulatedMs,
      traceHash: formatHash(hash),
      repeated: this.#repeated,
      failures: this.failures,
      coverage: this.#coverage,
      unreached: [
        ...unreachedHere,
        ...this.#astray.map((index) => `scenario ${order.seed + index} as it ran before`),
      ],
    };
  }
}

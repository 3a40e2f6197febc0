/** Looks for a scenario that a mutant does not survive, and makes it small. */
import type { FailureFile } from '../failures/failure-file.ts';
import { replay } from '../failures/replay.ts';
import type { ShardOrder, ShardResult } from '../soak/shard.ts';
import { workerPool, type WorkerPool } from '../soak/worker-pool.ts';
import type { Mutant } from './mutant.ts';
import { mutate } from './mutated-program.ts';

export interface Hunted {
  readonly id: string;
  readonly description: string;
  readonly backend: string;
  readonly killed: boolean;
  /** How many scenarios it took, or the whole budget. */
  readonly scenariosToKill: number;
  /** The invariant that broke. */
  readonly violation: string | null;
  /** How long the telling of the small counter-example is: it should fit on a screen. */
  readonly explainedLines?: number;
}

export interface Hunt {
  readonly hunted: Hunted;
  /** The small counter-example, and what happens in it in the mutant; undefined unless asked for. */
  readonly example: Example | undefined;
}

interface Example {
  readonly failure: FailureFile;
  readonly explanation: string;
}

const shardScenarios = 50;

export async function hunt(
  mutant: Mutant,
  { scenariosMax, seed, shrinks }: { scenariosMax: number; seed: number; shrinks: boolean },
): Promise<Hunt> {
  const program = mutate(mutant);
  const pool = workerPool(1, program.worker);
  try {
    const { scenarios, failure } = await search(mutant, pool, { scenariosMax, seed });
    const { id, description, backend } = mutant;
    const violation = failure?.violation.id ?? null;
    const killed = failure !== undefined;
    const hunted = { id, description, backend, killed, scenariosToKill: scenarios, violation };
    if (!killed || !shrinks) return { hunted, example: undefined };
    const small = await pool.shrink({ ...failure, description });
    const explanation = await pool.explain(small);
    return {
      hunted: { ...hunted, explainedLines: explanation.split('\n').length },
      example: { failure: small, explanation },
    };
  } finally {
    await pool.close();
    program.remove();
  }
}

async function search(
  { backend, profile = 'all' }: Mutant,
  pool: WorkerPool,
  { scenariosMax, seed }: { scenariosMax: number; seed: number },
): Promise<{ scenarios: number; failure: FailureFile | undefined }> {
  let scenarios = 0;
  while (scenarios < scenariosMax) {
    const result = await runOne(pool, {
      backend,
      profile,
      seed: seed + scenarios,
      scenarios: Math.min(shardScenarios, scenariosMax - scenarios),
      stopsAtFailure: true,
      repeatsOneIn: 0,
    });
    scenarios += result.scenarios;
    const [failure] = result.failures;
    if (failure !== undefined && (await isMutants(failure))) return { scenarios, failure };
  }
  return { scenarios, failure: undefined };
}

async function runOne(pool: WorkerPool, order: ShardOrder): Promise<ShardResult> {
  const orders = [order];
  const results: ShardResult[] = [];
  await pool.runAll(
    () => orders.shift(),
    (result) => results.push(result),
  );
  return results[0] as ShardResult;
}

/** What the engine itself fails in says nothing of a mutant. */
async function isMutants(failure: FailureFile): Promise<boolean> {
  const { run } = await replay(failure);
  return run.violations.length === 0;
}

/**
 * Runs a differential property within a budget of time, and reports it so that it can be run again.
 *
 * Options, in the environment: PLATTER_DIFFERENTIAL_SECONDS (of each suite; the default is a few), and, to replay what
 * was printed, PLATTER_DIFFERENTIAL_SEED and PLATTER_DIFFERENTIAL_PATH.
 */
import * as fc from 'fast-check';

export interface Tally {
  /** Operations that were done on both sides and whose outcomes were compared. */
  operations: number;
  /** How many of them succeeded, by their kind. */
  readonly succeeded: Map<string, number>;
}

function newTally(): Tally {
  return { operations: 0, succeeded: new Map() };
}

export function count(tally: Tally, kind: string, hasSucceeded: boolean): void {
  tally.operations += 1;
  if (hasSucceeded) tally.succeeded.set(kind, (tally.succeeded.get(kind) ?? 0) + 1);
}

const shrinkMs = 60_000;

export interface Differential<Operation> {
  readonly name: string;
  readonly operations: fc.Arbitrary<readonly Operation[]>;
  /** Throws a Difference. */
  readonly compare: (operations: readonly Operation[], tally: Tally) => Promise<void>;
  readonly defaultSeconds: number;
}

/** Resolves to what was compared; throws with the shrunk sequence when the sides differ. */
export async function runDifferential<Operation>({
  name,
  operations,
  compare,
  defaultSeconds,
}: Differential<Operation>): Promise<Tally> {
  const tally = newTally();
  const { env } = process;
  const seconds = Number(env['PLATTER_DIFFERENTIAL_SECONDS'] ?? defaultSeconds);
  const seed = Number(env['PLATTER_DIFFERENTIAL_SEED'] ?? Date.now() % 2 ** 31);
  const path = env['PLATTER_DIFFERENTIAL_PATH'];
  let running: Promise<void> = Promise.resolve();
  const property = fc.asyncProperty(operations, (sequence) => {
    running = compare(sequence, tally);
    return running;
  });
  const parameters = { seed, numRuns: 1_000_000, markInterruptAsFailure: false };
  let details = await fc.check(property, {
    ...parameters,
    ...(path === undefined ? {} : { path, numRuns: 1 }),
    endOnFailure: true,
    interruptAfterTimeLimit: seconds * 1000,
  });
  // When its time is up fast-check does not wait for the sequence that it has begun.
  await running.catch(() => {});
  console.log(
    `${name}: seed ${seed}: ${details.numRuns} sequences, ${tally.operations} operations compared; ` +
      `done on both sides: ${[...tally.succeeded].map(([kind, times]) => `${kind} ${times}`).join(', ')}`,
  );
  if (!details.failed) return tally;
  if (details.counterexamplePath !== null && path === undefined) {
    // Shrinking has a budget of its own: the first difference may come at the very end.
    const shrunk = await fc.check(property, {
      ...parameters,
      path: details.counterexamplePath,
      interruptAfterTimeLimit: shrinkMs,
    });
    await running.catch(() => {});
    if (shrunk.failed) details = shrunk;
  }
  throw new Error(
    `${name}: the sides differ. Again: PLATTER_DIFFERENTIAL_SEED=${seed} ` +
      `PLATTER_DIFFERENTIAL_PATH=${details.counterexamplePath ?? ''}\n` +
      `${String((details.errorInstance as Error | null)?.message)}\n` +
      `after this sequence:\n${JSON.stringify(details.counterexample?.[0], null, 1)}`,
  );
}

/** Runs a failure again: once, and the same violation is there or it is not. */
import { runScenario, type RunOptions, type RunResult } from '../scenarios/run.ts';
import { formatHash, type FailureFile } from './failure-file.ts';

export interface ReplayResult {
  /** The same invariant broke. */
  readonly isReproduced: boolean;
  /** The very same course was taken: the program has not changed in anything that matters here. */
  readonly isSameTrace: boolean;
  readonly run: RunResult;
}

export async function replay(
  failure: FailureFile,
  options: RunOptions = {},
): Promise<ReplayResult> {
  const run = await runScenario(failure.scenario, options);
  return {
    isReproduced: run.violations.some(({ id }) => id === failure.violation.id),
    isSameTrace: formatHash(run.traceHash) === failure.traceHash,
    run,
  };
}

/** `platter sim run`: many scenarios, and a file for each that fails. */
import { availableParallelism } from 'node:os';
import { nearest } from '../../src/config/nearest.ts';
import type { CommandContext, DefineCommands } from '../../src/cli/command.ts';
import { exitStatus } from '../../src/cli/exit-status.ts';
import { outputOptions, type GlobalOptions } from '../../src/cli/options.ts';
import { printResult, type OutputOptions } from '../../src/cli/output.ts';
import { PlatterError } from '../../src/errors.ts';
import { profiles } from '../faults/profiles.ts';
import type { FailureFile } from '../failures/failure-file.ts';
import { simBackends, type SimBackend } from '../scenarios/scenario.ts';
import { coverageJson } from '../soak/coverage-report.ts';
import { soak, type SoakResult } from '../soak/soak.ts';
import { workerPool } from '../soak/worker-pool.ts';
import { parseCount, writeFailures, writeFile, type ReportedViolation } from './files.ts';
import { reportText } from './report.ts';

interface RunOptions extends GlobalOptions {
  readonly seed: string;
  readonly scenarios?: string;
  readonly seconds?: string;
  readonly backend: string;
  readonly profile: string;
  readonly workers?: string;
  readonly failures: string;
  readonly out: string;
  /** True: printed. */
  readonly coverage?: string | true;
}

const scenariosDefault = 2000;

export const defineRun: DefineCommands = (noun, context) => {
  noun
    .command('run')
    .description('run scenarios on simulated hosts until an invariant breaks')
    .option('--seed <n>', 'seed of the first scenario', '1')
    .option('--scenarios <k>', `how many (default ${scenariosDefault})`)
    .option('--seconds <s>', 'for so long, instead')
    .option('--backend <b>', simBackends.join(', '), 'qcow2')
    .option('--profile <p>', `all, ${profiles.map(({ name }) => name).join(', ')}`, 'all')
    .option('--workers <n>', 'threads (default: one a core)')
    .option('--failures <n>', 'stop after so many failures', '10')
    .option('--out <dir>', 'where failure files go', 'sim-failures')
    .option(
      '--coverage [file]',
      'what was reached and what struck where: printed, or as JSON in a file',
    )
    .action((options: RunOptions, command: { optsWithGlobals(): RunOptions }) =>
      run({ ...options, ...command.optsWithGlobals() }, context),
    );
};

async function run(options: RunOptions, context: CommandContext): Promise<void> {
  const output = outputOptions(options);
  const backend = backendOf(options.backend);
  checkProfile(options.profile);
  const workers =
    options.workers === undefined
      ? availableParallelism()
      : parseCount('--workers', options.workers, 1);
  const limit = limitOf(options);
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const violations: ReportedViolation[] = [];
  const order = {
    seed: parseCount('--seed', options.seed, 0),
    backend,
    profile: options.profile,
    scenarios: limit.scenarios,
    isTimeUp: () => seconds() >= limit.seconds || context.interrupt.aborted,
    failuresMax: parseCount('--failures', options.failures, 1),
    ...progressOf(options, output),
    onFailures(failures: readonly FailureFile[]) {
      const found = writeFailures(options.out, failures);
      violations.push(...found);
      if (output.json || output.quiet) return;
      for (const { id, file } of found) process.stderr.write(`${id}: ${file}\n`);
    },
  };
  const pool = workerPool(workers);
  let result: SoakResult;
  try {
    result = await soak(order, pool, () => workerPool(1));
  } finally {
    await pool.close();
  }
  const took = seconds();
  const report = { ...reportOf(options, backend, { ...result, violations }, took), workers };
  await printResult(output, report, () => reportText(report, result, options.coverage === true));
  if (typeof options.coverage === 'string') {
    writeFile(options.coverage, coverageJson(backend, result.coverage));
  }
  if (report.violations.length > 0) context.exitWith(exitStatus.failed);
}

function limitOf({ scenarios, seconds }: RunOptions): { scenarios: number; seconds: number } {
  if (scenarios !== undefined && seconds !== undefined) {
    throw new PlatterError('INVALID_ARGUMENT', '--scenarios and --seconds exclude each other');
  }
  if (seconds !== undefined) {
    return { scenarios: Infinity, seconds: parseCount('--seconds', seconds, 1) };
  }
  const number =
    scenarios === undefined ? scenariosDefault : parseCount('--scenarios', scenarios, 1);
  return { scenarios: number, seconds: Infinity };
}

export function backendOf(name: string): SimBackend {
  const wanted = name === 'raw' ? 'flat' : name;
  const known = simBackends.find((backend) => backend === wanted);
  if (known !== undefined) return known;
  throw unknown('backend', name, simBackends);
}

function checkProfile(name: string): void {
  const names = ['all', ...profiles.map((profile) => profile.name)];
  if (!names.includes(name)) throw unknown('profile', name, names);
}

export function unknown(what: string, name: string, known: readonly string[]): PlatterError {
  const suggestion = nearest(name, known);
  return new PlatterError('INVALID_ARGUMENT', `unknown ${what} ${JSON.stringify(name)}`, {
    hint:
      suggestion === undefined ? `there are ${known.join(', ')}` : `did you mean ${suggestion}?`,
  });
}

function progressOf(options: RunOptions, { json, quiet }: OutputOptions) {
  if (options.progress === false || json || quiet || !process.stderr.isTTY) return {};
  return {
    onProgress: (done: number) => process.stderr.write(`\r${done} scenarios\x1b[K\r`),
  };
}

export interface RunReport {
  readonly seed: number;
  readonly backend: string;
  readonly profile: string;
  readonly scenarios: number;
  readonly scenariosPerSecond: number;
  readonly portCalls: number;
  readonly portCallsPerSecond: number;
  readonly simulatedSeconds: number;
  /** How many times faster than the clock that it simulates. */
  readonly timesRealTime: number;
  readonly distinctStates: number;
  readonly operations: number;
  /** Scenarios that ran a second time to see that they take the same course. */
  readonly repeated: number;
  readonly violations: readonly ReportedViolation[];
  readonly traceHash: string;
}

function reportOf(
  { seed, profile }: RunOptions,
  backend: SimBackend,
  result: SoakResult & { readonly violations: readonly ReportedViolation[] },
  seconds: number,
): RunReport {
  const simulatedSeconds = result.simulatedMs / 1000;
  return {
    seed: Number(seed),
    backend,
    profile,
    scenarios: result.scenarios,
    scenariosPerSecond: rounded(result.scenarios / seconds),
    portCalls: result.portCalls,
    portCallsPerSecond: rounded(result.portCalls / seconds),
    simulatedSeconds: rounded(simulatedSeconds),
    timesRealTime: rounded(simulatedSeconds / seconds),
    distinctStates: result.coverage.states.size,
    operations: [...result.coverage.operations.values()].reduce((sum, times) => sum + times, 0),
    repeated: result.repeated,
    violations: [
      ...result.violations,
      ...result.unreached.map((what) => ({
        id: 'coverage',
        message: `never seen: ${what}`,
        file: null,
      })),
    ],
    traceHash: result.traceHash,
  };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

/** `platter sim sweep`: each fault at each step of each operation, each crash state, each schedule of two clients. */
import { availableParallelism } from 'node:os';
import type { CommandContext, DefineCommands } from '../../src/cli/command.ts';
import { exitStatus } from '../../src/cli/exit-status.ts';
import { outputOptions, type GlobalOptions } from '../../src/cli/options.ts';
import { printResult, type OutputOptions } from '../../src/cli/output.ts';
import { operationKinds, simBackends, type SimBackend } from '../scenarios/scenario.ts';
import { workerPool } from '../soak/worker-pool.ts';
import { missingOf, type MatrixRow } from '../sweep/matrix.ts';
import { sweepAll, sweepIds, type SweepOrder, type SweepResult } from '../sweep/sweep.ts';
import type { SweptCase } from '../sweep/sweep-case.ts';
import { parseCount, writeFailures, type ReportedViolation } from './files.ts';
import { backendOf, unknown } from './run.ts';
import { sweepText } from './sweep-report.ts';

interface SweepOptions extends GlobalOptions {
  readonly backend: string;
  readonly operation?: string;
  readonly states: string;
  readonly preemptions: string;
  readonly schedules: string;
  readonly workers?: string;
  readonly out: string;
  readonly matrix?: boolean;
  readonly deaths?: boolean;
}

export const defineSweep: DefineCommands = (noun, context) => {
  noun
    .command('sweep')
    .description('try each fault at each step of each operation, and each schedule of two clients')
    .option('--backend <b>', simBackends.join(', '), 'qcow2')
    .option('--operation <k>', 'this kind of operation alone, as in: create snapshot')
    .option('--deaths', 'instead: two deaths in a run, wherever, the second in what comes then')
    .option('--states <n>', 'states that one power cut may leave', '256')
    .option('--preemptions <n>', 'changes of task in one schedule', '2')
    .option('--schedules <n>', 'schedules of one pair of clients', '2000')
    .option('--workers <n>', 'threads (default: one a core)')
    .option('--out <dir>', 'where failure files go', 'sim-failures')
    .option('--matrix', 'with the faults at each site')
    .action((_: unknown, command: { optsWithGlobals(): SweepOptions }) =>
      sweep(command.optsWithGlobals(), context),
    );
};

async function sweep(options: SweepOptions, context: CommandContext): Promise<void> {
  const output = outputOptions(options);
  const backend = backendOf(options.backend);
  const orders = ordersOf(options, backend);
  const workers =
    options.workers === undefined
      ? availableParallelism()
      : parseCount('--workers', options.workers, 1);
  const began = performance.now();
  const pool = workerPool(workers);
  let result: SweepResult;
  try {
    result = await sweepAll(
      orders,
      pool,
      progressOf(options, output, orders.length),
      () => context.interrupt.aborted,
    );
  } finally {
    await pool.close();
  }
  const seconds = Math.round((performance.now() - began) / 100) / 10;
  const report = reportOf(options, backend, result, seconds);
  await printResult(output, report, () => sweepText(report, options.matrix === true));
  const isWhole = report.missing.length === 0 && result.cases.length === orders.length;
  if (report.violations.length > 0 || !isWhole) context.exitWith(exitStatus.failed);
}

function ordersOf(options: SweepOptions, backend: SimBackend): readonly SweepOrder[] {
  const { operation } = options;
  if (operation !== undefined && !operationKinds.some((kind) => kind === operation)) {
    throw unknown('operation', operation, operationKinds);
  }
  const limits = {
    statesMax: parseCount('--states', options.states, 1),
    preemptionsMax: parseCount('--preemptions', options.preemptions, 0),
    schedulesMax: parseCount('--schedules', options.schedules, 1),
  };
  const ids = sweepIds(backend, { kind: operation, deaths: options.deaths === true });
  return ids.map((id) => ({ backend, id, ...limits }));
}

function progressOf({ progress }: SweepOptions, { json, quiet }: OutputOptions, of: number) {
  let done = 0;
  let runs = 0;
  return (swept: SweptCase) => {
    done += 1;
    runs += swept.runs;
    if (progress === false || json || quiet || !process.stderr.isTTY) return;
    const end = done === of ? '\n' : '\r';
    process.stderr.write(`\r${done} of ${of} cases, ${runs} runs: ${swept.id}\x1b[K${end}`);
  };
}

export interface SweepReport {
  readonly backend: string;
  readonly operation: string | null;
  readonly seconds: number;
  readonly operations: number;
  readonly steps: number;
  readonly runs: number;
  readonly faultsInjected: number;
  readonly crashStates: number;
  /** Power cuts that could have left more states than were tried. */
  readonly cutsUnfinished: number;
  readonly schedules: number;
  readonly schedulesUnfinished: number;
  readonly violationsFound: number;
  readonly violations: readonly ReportedViolation[];
  /** `site × fault` that were possible and not injected. */
  readonly missing: readonly string[];
  readonly unreached: readonly string[];
  readonly cases: readonly Omit<SweptCase, 'failures' | 'possible' | 'injected'>[];
  readonly matrix: readonly MatrixRow[];
}

function reportOf(
  { operation, out }: SweepOptions,
  backend: SimBackend,
  { cases, failures, matrix, unreached }: SweepResult,
  seconds: number,
): SweepReport {
  const sum = (count: (swept: SweptCase) => number) =>
    cases.reduce((total, swept) => total + count(swept), 0);
  return {
    backend,
    operation: operation ?? null,
    seconds,
    operations: cases.length,
    steps: sum(({ steps }) => steps),
    runs: sum(({ runs }) => runs),
    faultsInjected: sum(({ faults }) => faults),
    crashStates: sum(({ crashStates }) => crashStates),
    cutsUnfinished: sum(({ cutsUnfinished }) => cutsUnfinished),
    schedules: sum(({ schedules }) => schedules),
    schedulesUnfinished: sum(({ schedulesUnfinished }) => schedulesUnfinished),
    violationsFound: sum(({ violations }) => violations),
    violations: writeFailures(out, failures),
    missing: missingOf(matrix),
    unreached,
    cases: cases.map(({ failures: _f, possible: _p, injected: _i, ...counts }) => counts),
    matrix,
  };
}

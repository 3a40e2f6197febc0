/** `platter sim shrink FILE`: the same violation from as little as possible, in a file beside it. */
import type { DefineCommands } from '../../src/cli/command.ts';
import { outputOptions, type GlobalOptions } from '../../src/cli/options.ts';
import { printResult } from '../../src/cli/output.ts';
import { PlatterError } from '../../src/errors.ts';
import { aboutScenario } from '../failures/explain.ts';
import { replay } from '../failures/replay.ts';
import { shrink } from '../failures/shrink.ts';
import { formatFailure, parseCount, readFailure, writeFile } from './files.ts';

interface ShrinkCommandOptions extends GlobalOptions {
  readonly runs: string;
  readonly out?: string;
}

export const defineShrink: DefineCommands = (noun) => {
  noun
    .command('shrink')
    .argument('<file>', 'failure file')
    .description('make a failure small')
    .option('--runs <n>', 'how many runs it may take', '4000')
    .option('--out <file>', 'where the small one goes (default: FILE with .min.json)')
    .action((file: string, _: unknown, command: { optsWithGlobals(): ShrinkCommandOptions }) =>
      shrinkFile(file, command.optsWithGlobals()),
    );
};

async function shrinkFile(file: string, options: ShrinkCommandOptions): Promise<void> {
  const failure = readFailure(file);
  const runsMax = parseCount('--runs', options.runs, 1);
  if (!(await replay(failure)).isReproduced) {
    throw new PlatterError('NOT_FOUND', `${failure.violation.id} is not reproduced by ${file}`, {
      hint: 'this platter does not fail so any more: there is nothing to shrink',
    });
  }
  const shrunk = await shrink(failure, { runsMax });
  const out = options.out ?? file.replace(/(\.json)?$/, '.min.json');
  writeFile(out, formatFailure(shrunk.failure));
  const { scenario, violation } = shrunk.failure;
  const report = { file: out, violation: violation.id, runs: shrunk.runs, ...sizeOf(scenario) };
  await printResult(outputOptions(options), report, () =>
    [
      `${violation.id}: ${violation.message}`,
      ...aboutScenario(scenario).map((line) => `  ${line}`),
      `${out} (after ${shrunk.runs} runs)`,
    ].join('\n'),
  );
}

function sizeOf({ machines, clients, faults }: ReturnType<typeof readFailure>['scenario']) {
  return {
    hosts: machines.length,
    clients: clients.length,
    operations: clients.reduce((sum, { operations }) => sum + operations.length, 0),
    faults: faults.length,
  };
}

/** `platter sim mutants`: how many scenarios it takes to find each seeded bug. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { CommandContext, DefineCommands } from '../../src/cli/command.ts';
import { exitStatus } from '../../src/cli/exit-status.ts';
import { outputOptions, type GlobalOptions } from '../../src/cli/options.ts';
import { printResult } from '../../src/cli/output.ts';
import { formatTable } from '../../src/cli/table.ts';
import { PlatterError } from '../../src/errors.ts';
import { hunt, type Hunt, type Hunted } from '../mutants/hunt.ts';
import { mutants } from '../mutants/mutants.ts';
import { formatFailure, parseCount, writeFile } from './files.ts';
import { backendOf } from './run.ts';

interface MutantsOptions extends GlobalOptions {
  readonly scenarios: string;
  readonly seed: string;
  readonly only?: string[];
  readonly backend?: string;
  readonly workers?: string;
  readonly shrink?: boolean;
  readonly keep?: string;
}

export const defineMutants: DefineCommands = (noun, context) => {
  noun
    .command('mutants')
    .description('seed bugs into copies of the engine, and count the scenarios that find each')
    .option('--scenarios <k>', 'give up after so many', '5000')
    .option('--seed <n>', 'seed of the first scenario', '1')
    .option('--only <id...>', 'these mutants')
    .option('--backend <b>', 'those of one backend')
    .option('--workers <n>', 'threads (default: one a core)')
    .option('--shrink', 'make counter-examples small, and count the lines of their telling')
    .option('--keep <dir>', 'write the small counter-example of each there, and its telling')
    .action((_: unknown, command: { optsWithGlobals(): MutantsOptions }) =>
      huntAll(command.optsWithGlobals(), context),
    );
};

async function huntAll(options: MutantsOptions, context: CommandContext): Promise<void> {
  const output = outputOptions(options);
  const order = {
    scenariosMax: parseCount('--scenarios', options.scenarios, 1),
    seed: parseCount('--seed', options.seed, 0),
    shrinks: options.shrink === true || options.keep !== undefined,
  };
  const wanted = wantedMutants(options);
  const hunts: Hunt[] = [];
  const left = wanted.entries();
  const work = async () => {
    for (const [index, mutant] of left) {
      if (context.interrupt.aborted) return;
      const result = await hunt(mutant, order);
      hunts[index] = result;
      if (options.keep !== undefined) keep(options.keep, mutant.id, result);
      if (!output.quiet && !output.json) process.stderr.write(`${lineOf(result.hunted)}\n`);
    }
  };
  const workers =
    options.workers === undefined
      ? availableParallelism()
      : parseCount('--workers', options.workers, 1);
  await Promise.all(Array.from({ length: workers }, work));
  const report: readonly Hunted[] = hunts.map(({ hunted }) => hunted);
  await printResult(output, report, tableOf);
  if (report.some(({ killed }) => !killed)) context.exitWith(exitStatus.failed);
}

/** The healthy program does not fail in it: so what happens in the mutant is kept as well. */
function keep(directory: string, id: string, { example }: Hunt): void {
  if (example === undefined) return;
  writeFile(join(directory, `${id}.json`), formatFailure(example.failure));
  writeFile(join(directory, `${id}.txt`), `${example.explanation}\n`);
}

function wantedMutants({ only, backend }: MutantsOptions) {
  const ofBackend = backend === undefined ? undefined : backendOf(backend);
  const wanted = mutants.filter(
    (mutant) =>
      (only === undefined || only.includes(mutant.id)) &&
      (ofBackend === undefined || mutant.backend === ofBackend),
  );
  const unknown = only?.find((id) => !mutants.some((mutant) => mutant.id === id));
  if (unknown === undefined) return wanted;
  throw new PlatterError('INVALID_ARGUMENT', `there is no mutant ${JSON.stringify(unknown)}`, {
    hint: `there are ${mutants.map(({ id }) => id).join(', ')}`,
  });
}

function lineOf({ id, killed, scenariosToKill, violation, explainedLines }: Hunted): string {
  if (!killed) return `${id}: SURVIVES ${scenariosToKill} scenarios`;
  const told = explainedLines === undefined ? '' : `, told in ${explainedLines} lines`;
  return `${id}: killed by ${violation} after ${scenariosToKill}${told}`;
}

function tableOf(hunted: readonly Hunted[]): Promise<string> {
  return formatTable(
    ['MUTANT', 'BACKEND', 'SCENARIOS', 'LINES', 'FOUND BY', 'WHAT IS WRONG WITH IT'],
    hunted.map(
      ({ id, backend, killed, scenariosToKill, violation, explainedLines, description }) => [
        id,
        backend,
        killed ? String(scenariosToKill) : `> ${scenariosToKill}`,
        String(explainedLines ?? '-'),
        violation ?? '-',
        description,
      ],
    ),
  );
}

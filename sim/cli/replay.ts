/** `platter sim replay FILE`: one run; the exit status is 1 when an invariant breaks. */
import type { CommandContext, DefineCommands } from '../../src/cli/command.ts';
import { exitStatus } from '../../src/cli/exit-status.ts';
import { outputOptions, type GlobalOptions } from '../../src/cli/options.ts';
import { printResult } from '../../src/cli/output.ts';
import { formatHash } from '../failures/failure-file.ts';
import { replay } from '../failures/replay.ts';
import { readFailure } from './files.ts';

export const defineReplay: DefineCommands = (noun, context) => {
  noun
    .command('replay')
    .argument('<file>', 'failure file')
    .description('run a failure again')
    .action((file: string, _: unknown, command: { optsWithGlobals(): GlobalOptions }) =>
      replayFile(file, command.optsWithGlobals(), context),
    );
};

async function replayFile(file: string, options: GlobalOptions, context: CommandContext) {
  const failure = readFailure(file);
  const { isReproduced, isSameTrace, run } = await replay(failure);
  const report = {
    file,
    expected: failure.violation.id,
    reproduced: isReproduced,
    sameTrace: isSameTrace,
    violations: run.violations.map(({ id, message, step }) => ({ id, message, step })),
    portCalls: run.portCalls,
    traceHash: formatHash(run.traceHash),
  };
  await printResult(outputOptions(options), report, () =>
    [
      ...report.violations.map(({ id, message }) => `VIOLATION ${id}: ${message}`),
      isReproduced
        ? `reproduced in one run of ${run.portCalls} calls`
        : `${failure.violation.id} is not reproduced: this platter does not fail so any more`,
    ].join('\n'),
  );
  if (report.violations.length > 0) context.exitWith(exitStatus.failed);
}

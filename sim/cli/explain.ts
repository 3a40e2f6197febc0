/** `platter sim explain FILE [--html OUT]`: what happened, as text or as a page. */
import type { DefineCommands } from '../../src/cli/command.ts';
import { outputOptions, type GlobalOptions } from '../../src/cli/options.ts';
import { printResult } from '../../src/cli/output.ts';
import { explainAsHtml } from '../failures/explain-html.ts';
import { explainAsText } from '../failures/explain.ts';
import { timelineOf } from '../failures/timeline.ts';
import { readFailure, writeFile } from './files.ts';

interface ExplainOptions extends GlobalOptions {
  readonly html?: string;
  readonly all?: boolean;
}

export const defineExplain: DefineCommands = (noun) => {
  noun
    .command('explain')
    .argument('<file>', 'failure file')
    .description('show what happened, host by host')
    .option('--html <out>', 'as a page')
    .option('--all', 'with every call')
    .action((file: string, _: unknown, command: { optsWithGlobals(): ExplainOptions }) =>
      explainFile(file, command.optsWithGlobals()),
    );
};

async function explainFile(file: string, options: ExplainOptions): Promise<void> {
  const failure = readFailure(file);
  const timeline = await timelineOf(failure, { isWhole: options.all === true });
  if (options.html !== undefined) writeFile(options.html, explainAsHtml(failure, timeline));
  const { moments, result } = timeline;
  const report = {
    file,
    html: options.html ?? null,
    violation: failure.violation,
    reproduced: result.isReproduced,
    moments,
  };
  await printResult(outputOptions(options), report, () =>
    options.html === undefined ? explainAsText(failure, timeline) : options.html,
  );
}

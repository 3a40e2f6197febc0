/** `platter template …` */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { formatExactSize, formatSize } from '../../sizes.ts';
import type { SourceInput } from '../../ingress/source.ts';
import type { TemplateDescription } from '../../templates/template.ts';
import type { PruneResult } from '../../templates/prune.ts';
import { action, reading, type CommandContext, type DefineCommands } from '../command.ts';
import { confirm } from '../confirm.ts';
import { parseDuration } from '../duration.ts';
import { printPlan, printResult } from '../output.ts';
import { formatProperties, formatTable } from '../table.ts';

export const defineTemplate: DefineCommands = (noun, context) => {
  defineAdd(noun, context);
  defineShowing(noun, context);
  defineRemoving(noun, context);
};

function defineAdd(noun: Command, context: CommandContext): void {
  noun
    .command('add')
    .description('bring an image into the store')
    .argument('<name>')
    .argument('<source>', 'a path, an http(s) address, or - for standard input')
    .option('--format <format>', 'what the image is declared to be')
    .option('--sha256 <hex>', 'checksum that it must have')
    .action(
      action(context, async (session, [name, source]: [string, string], options: AddOptions) => {
        const { templates } = session.backend;
        const add = { ...session.operation, format: options.format, sha256: options.sha256 };
        const input = sourceInput(source);
        if (session.dryRun) return printPlan(session, await templates.planAdd(name, input, add));
        try {
          return await printResult(session, await templates.add(name, input, add), describe);
        } finally {
          // Whoever writes to it may go on for ever, and so would this process.
          if (source === '-') process.stdin.destroy();
        }
      }),
    );
}

function defineShowing(noun: Command, context: CommandContext): void {
  noun
    .command('list')
    .description('list the templates')
    .action(
      reading(context, async (session) => {
        await printResult(session, await session.backend.templates.list(), (templates) =>
          formatTable(['NAME', 'FORMAT', 'SIZE', 'FILE', 'USED BY'], templates.map(row)),
        );
      }),
    );

  noun
    .command('show')
    .description('show one, and which images lean on it')
    .argument('<name>')
    .action(
      reading(context, async (session, [name]: [string]) => {
        await printResult(session, await session.backend.templates.show(name), describe);
      }),
    );

  noun
    .command('verify')
    .description('compare its file with its checksum')
    .argument('<name>')
    .action(
      action(context, async (session, [name]: [string]) => {
        const { templates } = session.backend;
        await printResult(session, await templates.verify(name, session.operation), describe);
      }),
    );
}

function defineRemoving(noun: Command, context: CommandContext): void {
  noun
    .command('delete')
    .description('remove one that nothing leans on')
    .argument('<name>')
    .action(
      action(context, async (session, [name]: [string]) => {
        const { templates } = session.backend;
        if (session.dryRun) return printPlan(session, await templates.planDelete(name));
        await confirm(session, `deleting template ${name}`);
        await templates.delete(name, session.operation);
        return printResult(session, { deleted: name }, () => '');
      }),
    );

  noun
    .command('prune')
    .description('remove templates that nothing has used for a while')
    .option('--unused-for <duration>', 'how long (default 24h, or as configured)')
    .action(
      action(context, async (session, _: [], options: { unusedFor?: string }) => {
        const { dryRun, operation, backend } = session;
        const { unusedFor } = options;
        const age = unusedFor === undefined ? undefined : parseDuration(unusedFor) / 1000;
        if (!dryRun) await confirm(session, 'deleting unused templates');
        const result = await backend.templates.prune({
          ...operation,
          dryRun,
          unusedForSeconds: age,
        });
        return printResult(session, result, (pruned) => describePrune(pruned, dryRun));
      }),
    );
}

interface AddOptions {
  readonly format?: string;
  readonly sha256?: string;
}

function sourceInput(source: string): SourceInput {
  if (source === '-') return { name: 'standard input', stream: process.stdin };
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(source) ? source : resolve(source);
}

function describe(template: TemplateDescription): Promise<string> {
  return formatProperties([
    ['name', template.name],
    ['format', template.format],
    ['path', template.path],
    ['virtual size', formatExactSize(template.virtualSizeBytes)],
    ['file size', formatExactSize(template.fileSizeBytes)],
    ['sha256', template.sha256 ?? 'not known yet (platter template verify)'],
    ['source', template.source ?? 'not known'],
    ['added at', template.addedAt ?? 'not known'],
    ['used by', template.usedBy.length === 0 ? 'nothing' : template.usedBy.join(', ')],
  ]);
}

function row(template: TemplateDescription): string[] {
  return [
    template.name,
    template.format,
    formatSize(template.virtualSizeBytes),
    formatSize(template.fileSizeBytes),
    template.usedBy.length === 0 ? '-' : String(template.usedBy.length),
  ];
}

function describePrune({ removed, freedBytes, kept }: PruneResult, dryRun: boolean): string {
  return [
    ...removed.map((name) => `${dryRun ? 'would delete' : 'deleted'} ${name}`),
    ...kept.map(({ name, reason }) => `kept ${name}: ${reason}`),
    `${formatSize(freedBytes)} ${dryRun ? 'would be freed' : 'freed'}`,
  ].join('\n');
}

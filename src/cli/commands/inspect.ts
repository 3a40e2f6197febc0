/** `platter inspect FILE`: exit status 0 for safe and 6 for unsafe. */
import { resolve } from 'node:path';
import { inspectImage } from '../../ingress/gate.ts';
import type { Inspection } from '../../inspector/inspect.ts';
import { adviceOn } from '../../inspector/other-content.ts';
import { formatSize } from '../../sizes.ts';
import { reading, type DefineCommands } from '../command.ts';
import { exitStatusOf } from '../exit-status.ts';
import { printResult } from '../output.ts';

function describe({ format, virtualSizeBytes, safe, violations, looksLike }: Inspection): string {
  return [
    `${format}, ${formatSize(virtualSizeBytes)}: ${safe ? 'safe' : 'not safe'}`,
    ...violations.map(({ code, message }) => `  ${code}: ${message}`),
    ...(looksLike === undefined ? [] : [`  it looks like ${looksLike}: ${adviceOn(looksLike)}`]),
  ].join('\n');
}

export const defineInspect: DefineCommands = (noun, context) => {
  noun
    .argument('<file>', 'image file')
    .option('--format <format>', 'what it is declared to be')
    .action(
      reading(context, async (session, [file]: [string], options: { format?: string }) => {
        const { host, backend } = session;
        const { limits } = backend.config;
        const inspection = await inspectImage(host, resolve(file), limits, options.format);
        await printResult(session, inspection, describe);
        if (!inspection.safe) context.exitWith(exitStatusOf('UNSAFE_IMAGE'));
      }),
    );
};

/** `platter audit`: everything that no record explains, classified; changes nothing. */
import type { Stray } from '../../audit/stray.ts';
import { formatSize } from '../../sizes.ts';
import { reading, type DefineCommands } from '../command.ts';
import { printResult } from '../output.ts';
import { formatTable } from '../table.ts';

export const defineAudit: DefineCommands = (noun, context) => {
  noun.action(
    reading(context, async (session) => {
      await printResult(session, await session.backend.audit(), describe);
    }),
  );
};

async function describe(strays: readonly Stray[]): Promise<string> {
  if (strays.length === 0) return 'everything is explained';
  const hints = new Map<string, string>();
  for (const { kind, hint } of strays) hints.set(`${kind}: ${hint}`, hint);
  return [
    await formatTable(['WHAT', 'OF', 'SIZE', 'WHERE', 'WHY'], strays.map(row)),
    '',
    ...[...hints.keys()].sort(),
  ].join('\n');
}

function row({ kind, subject, allocatedBytes, path, message }: Stray): string[] {
  return [
    kind,
    subject ?? '-',
    allocatedBytes === null ? '-' : formatSize(allocatedBytes),
    path,
    message,
  ];
}

/** `platter recover [--dry-run]` */
import { action, type DefineCommands } from '../command.ts';
import { printResult } from '../output.ts';

export const defineRecover: DefineCommands = (noun, context) => {
  noun.action(
    action(context, async (session) => {
      const { backend, operation, dryRun } = session;
      const recovered = await backend.recover({ ...operation, dryRun });
      await printResult(session, recovered, (found) =>
        found.length === 0
          ? 'nothing was interrupted'
          : found.map(({ target, steps }) => `${target}: ${steps.join('; ')}`).join('\n'),
      );
    }),
  );
};

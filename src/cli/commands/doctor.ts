/** `platter doctor`: exit status 0 when all is there that the configuration needs, else 1. */
import type { Check, Diagnosis } from '../../doctor/check.ts';
import { reading, type DefineCommands } from '../command.ts';
import { exitStatus } from '../exit-status.ts';
import { printResult } from '../output.ts';

export const defineDoctor: DefineCommands = (noun, context) => {
  noun.action(
    reading(context, async (session) => {
      const diagnosis = await session.backend.diagnose();
      await printResult(session, diagnosis, describe);
      if (!diagnosis.healthy) context.exitWith(exitStatus.failed);
    }),
  );
};

function describe({ healthy, platter, checks }: Diagnosis): string {
  const problems = checks.filter(({ status }) => status === 'problem').length;
  return [
    ...checks.flatMap(lines),
    healthy
      ? `platter ${platter} has all that its configuration needs`
      : `${problems} problem${problems === 1 ? '' : 's'}: platter ${platter} lacks what its configuration needs`,
  ].join('\n');
}

function lines({ status, message, hint }: Check): string[] {
  const isWorthAHint = hint !== undefined && status !== 'ok';
  return [`${status.padEnd(7)}  ${message}`, ...(isWorthAHint ? [`         hint: ${hint}`] : [])];
}

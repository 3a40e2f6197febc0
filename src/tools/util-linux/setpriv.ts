/**
 * Ends a command together with whoever starts it, by setpriv (util-linux 2.38), which replaces itself by the command:
 * still one process. Pure.
 */
import type { Command } from '../../ports/executor.ts';

export function endingWithCaller({ file, args }: Command): Command {
  return { file: 'setpriv', args: ['--pdeathsig', 'KILL', file, ...args] };
}

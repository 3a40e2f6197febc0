/** What the modules that define commands share. */
import type { Command } from 'commander';
import { parseSize } from '../sizes.ts';
import type { GlobalOptions } from './options.ts';
import { withSession, type CommandSession } from './session.ts';

export interface CommandContext {
  /** Aborted by signals. */
  readonly interrupt: AbortSignal;
  /** For commands whose answer is an exit status; a failure goes before it. */
  readonly exitWith: (status: number) => void;
}

/** Adds the verbs of a noun. */
export type DefineCommands = (noun: Command, context: CommandContext) => void;

/** Makes an action of commander: session first, then the arguments, then the command's own options. */
export function action<Arguments extends unknown[], Options>(
  { interrupt }: CommandContext,
  run: (session: CommandSession, args: Arguments, options: Options) => Promise<void>,
) {
  return async (...given: unknown[]): Promise<void> => {
    const command = given.pop() as Command;
    given.pop();
    const options = command.optsWithGlobals<GlobalOptions & Options>();
    await withSession(options, interrupt, (session) => run(session, given as Arguments, options));
  };
}

/**
 * The same of a command that changes nothing: there is nothing to clear up, so that it ends at once when it is interrupted,
 * whatever it waits for.
 */
export function reading<Arguments extends unknown[], Options>(
  context: CommandContext,
  run: (session: CommandSession, args: Arguments, options: Options) => Promise<void>,
) {
  return action<Arguments, Options>(context, (session, args, options) =>
    Promise.race([run(session, args, options), aborted(session.operation.signal)]),
  );
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const end = () => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
  });
}

/** `10G` is a size, `+10G` what is added to the present one. */
export function parseSizeChange(text: string): { sizeBytes: number; isRelative: boolean } {
  const isRelative = text.startsWith('+');
  return { sizeBytes: parseSize(isRelative ? text.slice(1) : text), isRelative };
}

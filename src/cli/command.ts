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

/** `10G` is a size, `+10G` what is added to the present one. */
export function parseSizeChange(text: string): { sizeBytes: number; isRelative: boolean } {
  const isRelative = text.startsWith('+');
  return { sizeBytes: parseSize(isRelative ? text.slice(1) : text), isRelative };
}

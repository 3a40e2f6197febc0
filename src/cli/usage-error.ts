/** What commander finds wrong with a command line, as an error of platter that says where to look. */
import type { Command, CommanderError } from 'commander';
import { PlatterError } from '../errors.ts';

export function usageError(
  error: CommanderError,
  program: Command,
  words: readonly string[],
): PlatterError {
  const command = commandOf(program, words);
  const isVerbMissing = error.code === 'commander.help';
  const text = error.message.replace(/^error: /, '');
  const suggestion = /\n\(Did you mean (.*)\?\)$/.exec(text)?.[1];
  const message = isVerbMissing ? 'a verb is missing' : (text.split('\n')[0] ?? text);
  return new PlatterError('INVALID_ARGUMENT', message, {
    hint:
      suggestion === undefined
        ? hintFor(command, isVerbMissing || error.code === 'commander.unknownCommand')
        : `did you mean ${suggestion}?`,
  });
}

/** The innermost command that the words name. */
function commandOf(program: Command, words: readonly string[]): Command {
  let command = program;
  for (const word of words) {
    command = command.commands.find((known) => known.name() === word) ?? command;
  }
  return command;
}

function hintFor(command: Command, isCommandUnknown: boolean): string {
  const names = command.commands.map((known) => known.name());
  if (isCommandUnknown && names.length > 0) return `${pathOf(command)} takes ${listOf(names)}`;
  return `${pathOf(command)} --help tells how to use it`;
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function listOf(names: readonly string[]): string {
  return names.length === 1
    ? String(names[0])
    : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

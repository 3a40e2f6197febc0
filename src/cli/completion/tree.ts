/** The commands of platter as completion scripts need them, taken from commander. */
import type { Argument, Command, Option } from 'commander';
import { imageTypes } from '../../config/config.ts';

/** What can stand in a place: words that are known, files, directories, or whatever the user knows. */
export type Value =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' | 'directories' | 'free' };

export interface OptionNode {
  /** `--json`, `-q`, … */
  readonly flags: readonly string[];
  readonly description: string;
  /** Undefined for a switch. */
  readonly value: Value | undefined;
}

export interface CommandNode {
  /** Words that lead there: `['image', 'create']`. */
  readonly path: readonly string[];
  readonly description: string;
  readonly subcommands: readonly CommandNode[];
  /** Its own, and those of the commands above it. */
  readonly options: readonly OptionNode[];
  readonly values: readonly Value[];
}

export function treeOf(
  command: Command,
  path: readonly string[] = [],
  inherited: readonly OptionNode[] = [],
): CommandNode {
  const help = command.createHelp();
  // The help option is among those that can be seen, and not among those that are declared.
  const own = help.visibleOptions(command).map(optionNode);
  const options = [
    ...own,
    ...inherited.filter(({ flags }) => !own.some((known) => known.flags[0] === flags[0])),
  ];
  return {
    path,
    description: command.description(),
    subcommands: help
      .visibleCommands(command)
      .map((subcommand) => treeOf(subcommand, [...path, subcommand.name()], options)),
    options,
    values: command.registeredArguments.map(argumentValue),
  };
}

/** All commands of a tree, its root first. */
export function commandsOf(tree: CommandNode): readonly CommandNode[] {
  return [tree, ...tree.subcommands.flatMap(commandsOf)];
}

/** Flags of options anywhere in the tree that are followed by a value. */
export function flagsWithValues(tree: CommandNode): readonly string[] {
  const flags = commandsOf(tree)
    .flatMap(({ options }) => options)
    .flatMap((option) => (option.value === undefined ? [] : option.flags));
  return [...new Set(flags)];
}

function optionNode(option: Option): OptionNode {
  const takesValue = option.required || option.optional;
  return {
    flags: [option.long, option.short].filter((flag) => flag !== undefined),
    description: option.description,
    value: takesValue ? valueNamed(option.flags, option.argChoices) : undefined,
  };
}

function argumentValue(argument: Argument): Value {
  return valueNamed(`<${argument.name()}>`, argument.argChoices);
}

/** By the name that the help gives to the value. */
function valueNamed(text: string, choices: readonly string[] | undefined): Value {
  if (choices !== undefined) return { kind: 'words', words: choices };
  switch (/[<[]([^>\]]+)[>\]]/.exec(text)?.[1]) {
    case 'file':
    case 'source':
      return { kind: 'files' };
    case 'dir':
      return { kind: 'directories' };
    case 'type':
      return { kind: 'words', words: imageTypes };
    default:
      return { kind: 'free' };
  }
}

/** `platter completion bash|zsh|fish`: made of the very commands, so that it knows them all. */
import { Argument } from 'commander';
import type { CommandContext, DefineCommands } from '../command.ts';
import type { Command } from 'commander';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { treeOf, type CommandNode } from '../completion/tree.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { nouns } from '../nouns.ts';

const generators: Readonly<Record<string, (tree: CommandNode) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const defineCompletion: DefineCommands = (noun, context) => {
  noun
    .addArgument(new Argument('<shell>').choices(Object.keys(generators)))
    .action(async (shell: string) => {
      const program = noun.parent;
      if (program === null) return;
      await loadAll(program, noun, context);
      process.stdout.write(generators[shell]?.(treeOf(program)) ?? '');
    });
};

/** Verbs are otherwise known only of the noun that is used. */
async function loadAll(program: Command, self: Command, context: CommandContext): Promise<void> {
  for (const { name, load } of nouns) {
    const noun = program.commands.find((command) => command.name() === name);
    if (noun === undefined || noun === self) continue;
    (await load())(noun, context);
  }
}

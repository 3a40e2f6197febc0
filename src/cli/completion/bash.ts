/** The completion script for bash 4 and newer. */
import { quoted } from './quote.ts';
import { commandsOf, flagsWithValues, type CommandNode, type Value } from './tree.ts';

export function bashCompletion(tree: CommandNode): string {
  const commands = commandsOf(tree);
  return `# Completion of platter for bash. Load it with: source <(platter completion bash)
_platter() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]}
  local path= word= skip= count=0 index
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ -n $skip ]]; then skip=; continue; fi
    case $word in
      ${flagsWithValues(tree).join('|')}) skip=yes ;;
      -*) ;;
      *)
        case "$path $word" in
          ${commands.filter(isBelow).map(pathPattern).join('|')}) path="$path $word" ;;
          *) count=$((count + 1)) ;;
        esac
        ;;
    esac
  done
  COMPREPLY=()
  if [[ -n $skip ]]; then
    case "$path $prev" in
${commands.flatMap(optionValueCases).join('\n')}
    esac
    return
  fi
  if [[ $cur == -* ]]; then
    case $path in
${commands.map(optionsCase).join('\n')}
    esac
    return
  fi
  case "$path $count" in
${commands.flatMap(valueCases).join('\n')}
  esac
}
complete -F _platter platter
`;
}

const isBelow = ({ path }: CommandNode) => path.length > 0;

function pathText({ path }: CommandNode): string {
  return path.map((word) => ` ${word}`).join('');
}

function pathPattern(command: CommandNode): string {
  return quoted(pathText(command));
}

function words(list: readonly string[]): string {
  return `mapfile -t COMPREPLY < <(compgen -W ${quoted(list.join(' '))} -- "$cur")`;
}

function reply(value: Value): string {
  switch (value.kind) {
    case 'words':
      return words(value.words);
    case 'files':
      return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur")`;
    case 'directories':
      return `compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur")`;
    case 'free':
      return ':';
  }
}

function optionValueCases(command: CommandNode): string[] {
  return command.options.flatMap(({ flags, value }) => {
    if (value === undefined) return [];
    const patterns = flags.map((flag) => quoted(`${pathText(command)} ${flag}`));
    return [`      ${patterns.join('|')}) ${reply(value)} ;;`];
  });
}

function optionsCase(command: CommandNode): string {
  const flags = command.options.flatMap((option) => option.flags);
  return `      ${pathPattern(command)}) ${words(flags)} ;;`;
}

function valueCases(command: CommandNode): string[] {
  const { subcommands, values } = command;
  const places: readonly Value[] =
    subcommands.length === 0
      ? values
      : [{ kind: 'words', words: subcommands.map(({ path }) => path.at(-1) ?? '') }];
  return places.map(
    (value, index) => `    ${quoted(`${pathText(command)} ${index}`)}) ${reply(value)} ;;`,
  );
}

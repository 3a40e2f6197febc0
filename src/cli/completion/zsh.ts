/** The completion script for zsh 5: to be read by `source`, or as the file `_platter` of a directory in `fpath`. */
import { quoted } from './quote.ts';
import {
  commandsOf,
  flagsWithValues,
  type CommandNode,
  type OptionNode,
  type Value,
} from './tree.ts';

export function zshCompletion(tree: CommandNode): string {
  const commands = commandsOf(tree);
  return `#compdef platter
# Completion of platter for zsh. Load it with: source <(platter completion zsh)
_platter() {
  local cur=\${words[CURRENT]} prev=\${words[CURRENT-1]} place= word= skip= count=0 index
  local -a found
  for ((index = 2; index < CURRENT; index++)); do
    word=\${words[index]}
    if [[ -n $skip ]]; then skip=; continue; fi
    case $word in
      (${flagsWithValues(tree).join('|')}) skip=yes ;;
      (-*) ;;
      (*)
        case "$place $word" in
          (${commands
            .filter(({ path }) => path.length > 0)
            .map((command) => quoted(placeOf(command)))
            .join('|')}) place="$place $word" ;;
          (*) count=$((count + 1)) ;;
        esac
        ;;
    esac
  done
  if [[ -n $skip ]]; then
    case "$place $prev" in
${commands.flatMap(optionValueCases).join('\n')}
    esac
    return
  fi
  if [[ $cur == -* ]]; then
    case $place in
${commands.map(optionsCase).join('\n')}
    esac
    _describe -o option found
    return
  fi
  case "$place $count" in
${commands.flatMap(valueCases).join('\n')}
  esac
}
if [[ $funcstack[1] == _platter ]]; then _platter; else compdef _platter platter; fi
`;
}

function placeOf({ path }: CommandNode): string {
  return path.map((word) => ` ${word}`).join('');
}

/** As \`_describe\` takes it: a colon parts the word from what it means. */
function described(word: string, description: string): string {
  return quoted(`${word.replaceAll(':', '\\\\:')}:${description}`);
}

function reply(value: Value): string {
  switch (value.kind) {
    case 'words':
      return `compadd -- ${value.words.map(quoted).join(' ')}`;
    case 'files':
      return '_files';
    case 'directories':
      return '_files -/';
    case 'free':
      return '_message value';
  }
}

function optionValueCases(command: CommandNode): string[] {
  return command.options.flatMap(({ flags, value }) => {
    if (value === undefined) return [];
    const patterns = flags.map((flag) => quoted(`${placeOf(command)} ${flag}`));
    return [`      (${patterns.join('|')}) ${reply(value)} ;;`];
  });
}

function optionsCase(command: CommandNode): string {
  const found = command.options.flatMap(describedOption).join(' ');
  return `      (${quoted(placeOf(command))}) found=(${found}) ;;`;
}

function describedOption({ flags, description }: OptionNode): string[] {
  return flags.map((flag) => described(flag, description));
}

function valueCases(command: CommandNode): string[] {
  const { subcommands, values } = command;
  if (subcommands.length === 0) {
    return values.map(
      (value, index) => `    (${quoted(`${placeOf(command)} ${index}`)}) ${reply(value)} ;;`,
    );
  }
  const verbs = subcommands.map(({ path, description }) =>
    described(path.at(-1) ?? '', description),
  );
  const place = quoted(`${placeOf(command)} 0`);
  return [`    (${place}) found=(${verbs.join(' ')}); _describe command found ;;`];
}

/** The completion script for fish 3. */
import {
  commandsOf,
  flagsWithValues,
  type CommandNode,
  type OptionNode,
  type Value,
} from './tree.ts';

export function fishCompletion(tree: CommandNode): string {
  const commands = commandsOf(tree);
  const places = commands.filter(({ path }) => path.length > 0).map((one) => quoted(placeOf(one)));
  return `# Completion of platter for fish. Load it with: platter completion fish | source
function __platter_place --description 'words that lead to the command, and the number of values after it'
    set -l words (commandline -opc)
    set -l place
    set -l count 0
    set -l skip
    for word in $words[2..]
        if test -n "$skip"
            set skip
            continue
        end
        switch $word
            case ${flagsWithValues(tree).map(quoted).join(' ')}
                set skip yes
            case '-*'
            case '*'
                if contains -- "$place $word" ${places.join(' ')}
                    set place "$place $word"
                else
                    set count (math $count + 1)
                end
        end
    end
    echo "$place $count"
end
function __platter_at
    test (__platter_place) = "$argv"
end
function __platter_below
    string match -q -r -- "^$argv \\\\d+\\$" (__platter_place)
end
complete -c platter -f
${commands.flatMap(lines).join('\n')}
`;
}

/** A literal of fish: a backslash stands for itself but before a quote or another one. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

function placeOf({ path }: CommandNode): string {
  return path.map((word) => ` ${word}`).join('');
}

function lines(command: CommandNode): string[] {
  return [...command.options.map((option) => optionLine(command, option)), ...valueLines(command)];
}

function optionLine(command: CommandNode, { flags, description, value }: OptionNode): string {
  const names = flags.map((flag) =>
    flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const what = value === undefined ? '' : ` -r ${reply(value)}`;
  const where = quoted(`__platter_below ${quoted(placeOf(command))}`);
  return `complete -c platter -n ${where} ${names.join(' ')} -d ${quoted(description)}${what}`;
}

function valueLines(command: CommandNode): string[] {
  const at = (count: number) => quoted(`__platter_at ${quoted(`${placeOf(command)} ${count}`)}`);
  if (command.subcommands.length > 0) {
    return command.subcommands.map(
      ({ path, description }) =>
        `complete -c platter -n ${at(0)} -a ${quoted(path.at(-1) ?? '')} -d ${quoted(description)}`,
    );
  }
  return command.values
    .map((value, index) => `complete -c platter -n ${at(index)} ${reply(value)}`)
    .filter((_, index) => command.values[index]?.kind !== 'free');
}

function reply(value: Value): string {
  switch (value.kind) {
    case 'words':
      return `-a ${quoted(value.words.join(' '))}`;
    case 'files':
      return '-F';
    case 'directories':
      return `-a '(__fish_complete_directories)'`;
    case 'free':
      return '-f';
  }
}

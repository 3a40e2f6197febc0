/** The options of qemu-img 7.2 that are known here; any other is refused, as by the real one. */
import { ToolFailure } from './image.ts';

export interface QemuImgOptions {
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

const withValue = new Set([
  '-f',
  '-F',
  '-b',
  '-B',
  '-o',
  '-O',
  '-l',
  '-r',
  '-t',
  '-c',
  '-a',
  '-d',
  '--output',
]);

/** `-c` names a snapshot in `snapshot` and is a flag in `convert`. */
export function parseOptions(subcommand: string, args: readonly string[]): QemuImgOptions {
  // `resize` takes its last argument for a size, whatever it looks like.
  const options = subcommand === 'resize' ? args.slice(0, -1) : args;
  const unknown = options.find((arg) => /^-\d/.test(arg));
  if (unknown !== undefined) throw new ToolFailure(`unrecognized option '${unknown}'`);
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const words: string[] = [];
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] as string;
    const [name, inline] = arg.startsWith('--') ? splitOnce(arg) : [arg, undefined];
    const takesValue = withValue.has(name) && !(name === '-c' && subcommand === 'convert');
    const isLast = index === args.length - 1 && subcommand === 'resize';
    if (!arg.startsWith('-') || arg === '-' || isLast) words.push(arg);
    else if (inline !== undefined) values.set(name, inline);
    else if (takesValue) values.set(name, args[(index += 1)] ?? '');
    else flags.add(name);
  }
  return { flags, values, words };
}

function splitOnce(arg: string): [string, string | undefined] {
  const equals = arg.indexOf('=');
  return equals < 0 ? [arg, undefined] : [arg.slice(0, equals), arg.slice(equals + 1)];
}

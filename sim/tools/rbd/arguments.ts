/** The command line of rbd 16.2, as far as it is known here; anything else is refused as by the real one. */
import { refused, RbdFailure } from './failure.ts';

export interface RbdArguments {
  /** Where no pool is named. */
  readonly pool: string | undefined;
  readonly words: readonly string[];
  readonly flags: ReadonlySet<string>;
  readonly values: ReadonlyMap<string, string>;
}

/** What one command takes besides the options that all have. */
export interface Shape {
  readonly words: number;
  readonly flags?: readonly string[];
  readonly values?: readonly string[];
}

const common = {
  flags: ['no-progress', 'pretty-format'],
  values: [
    'id',
    'conf',
    'keyring',
    'client-mount-timeout',
    'rados-mon-op-timeout',
    'rados-osd-op-timeout',
    'debug-rbd',
    'log-to-stderr',
    'pool',
    'namespace',
    'image',
    'format',
  ],
};

const short: Readonly<Record<string, string>> = {
  '-p': 'pool',
  '-c': 'conf',
  '-s': 'size',
  '-l': 'long',
  '-a': 'all',
  '-n': 'name',
};

export function parseArguments(args: readonly string[], shape: Shape): RbdArguments {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const words: string[] = [];
  const takesFlag = (name: string) => common.flags.includes(name) || shape.flags?.includes(name);
  const takesValue = (name: string) => common.values.includes(name) || shape.values?.includes(name);
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] as string;
    const isOption = arg.startsWith('--') || short[arg] !== undefined;
    if (!isOption) {
      words.push(arg);
      continue;
    }
    const equals = arg.indexOf('=');
    const spelled = equals < 0 ? arg : arg.slice(0, equals);
    const name = short[spelled] ?? spelled.slice(2).replaceAll('_', '-');
    if (takesFlag(name)) flags.add(name);
    else if (!takesValue(name)) throw new RbdFailure(1, `rbd: unrecognised option '${spelled}'`);
    else values.set(name, equals < 0 ? (args[(index += 1)] ?? '') : arg.slice(equals + 1));
  }
  if (words.length > shape.words) throw new RbdFailure(1, 'rbd: too many arguments');
  return { pool: values.get('pool'), words, flags, values };
}

export interface Spec {
  /** `undefined`: the default, which is called `rbd`. */
  readonly pool: string | undefined;
  readonly namespace: string;
  readonly image: string;
  readonly snapshot: string | undefined;
}

/** `[pool/[namespace/]]image[@snapshot]` */
function parseSpec(text: string, { pool, values }: RbdArguments): Spec {
  const match = /^(?:([^/@]+)\/(?:([^/@]+)\/)?)?([^/@]+)(?:@([^/@]+))?$/.exec(text);
  if (match === null) throw refused('EINVAL', `rbd: invalid spec '${text}'`);
  return {
    pool: match[1] ?? pool,
    namespace: match[2] ?? values.get('namespace') ?? '',
    image: match[3] as string,
    snapshot: match[4],
  };
}

export function imageSpec(args: RbdArguments, word = args.words[0]): Spec {
  const text = word ?? args.values.get('image');
  if (text === undefined) throw refused('EINVAL', 'rbd: image name was not specified');
  const spec = parseSpec(text, args);
  if (spec.snapshot === undefined) return spec;
  throw refused('EINVAL', "rbd: snapshot name specified for a command that doesn't use it");
}

export function snapshotSpec(
  args: RbdArguments,
  word = args.words[0],
): Spec & { snapshot: string } {
  if (word === undefined) throw refused('EINVAL', 'rbd: image name was not specified');
  const spec = parseSpec(word, args);
  if (spec.snapshot !== undefined) return { ...spec, snapshot: spec.snapshot };
  throw refused('EINVAL', 'rbd: snapshot name was not specified');
}

/** An image, or one of its snapshots. */
export function anySpec(args: RbdArguments, word = args.words[0]): Spec {
  if (word === undefined) throw refused('EINVAL', 'rbd: image name was not specified');
  return parseSpec(word, args);
}

const units: Readonly<Record<string, number>> = {
  B: 1,
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
};

/** Bytes; a plain number is mebibytes. */
export function parseSize(text: string): number {
  const match = /^(\d+)([BKMGT]?)$/.exec(text);
  if (match === null) {
    throw new RbdFailure(1, "rbd: the argument for option '--size' is invalid");
  }
  return Number(match[1]) * (units[match[2] === '' ? 'M' : (match[2] as string)] as number);
}

export function requiredSize({ values }: RbdArguments): number {
  const text = values.get('size');
  if (text === undefined) throw refused('EINVAL', 'rbd: must specify --size <M/G/T>');
  return parseSize(text);
}

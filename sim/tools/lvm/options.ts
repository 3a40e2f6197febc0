/** The options of LVM 2.03 that are known here; any other is refused, as by the real one (exit status 3). */
import { LvmFailure } from './failure.ts';
import { usage } from './names.ts';

/** Long names, without dashes. Those that can be given more than once are joined by commas. */
export interface LvmOptions {
  readonly values: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
  readonly words: readonly string[];
}

const shortNames: Readonly<Record<string, string>> = {
  a: 'all',
  f: 'force',
  k: 'setactivationskip',
  K: 'ignoreactivationskip',
  l: 'extents',
  L: 'size',
  n: 'name',
  o: 'options',
  O: 'sort',
  p: 'permission',
  q: 'quiet',
  s: 'snapshot',
  S: 'select',
  t: 'test',
  T: 'thin',
  v: 'verbose',
  V: 'virtualsize',
  W: 'wipesignatures',
  y: 'yes',
  Z: 'zero',
};

const withValue = new Set([
  'activate',
  'addtag',
  'config',
  'deltag',
  'driverloaded',
  'errorwhenfull',
  'extents',
  'metadataprofile',
  'name',
  'options',
  'permission',
  'poll',
  'reportformat',
  'select',
  'separator',
  'setactivationskip',
  'size',
  'sort',
  'thinpool',
  'type',
  'units',
  'virtualsize',
  'wipesignatures',
  'zero',
]);

const flagNames = new Set([
  'all',
  'force',
  'ignoreactivationskip',
  'ignorelockingfailure',
  'merge',
  'noheadings',
  'nolocking',
  'nosuffix',
  'quiet',
  'readonly',
  'refresh',
  'snapshot',
  'splitsnapshot',
  'test',
  'thin',
  'unbuffered',
  'verbose',
  'yes',
]);

const repeated = new Set(['addtag', 'deltag']);

/** `-a` is `--all` in reports, and takes a value in everything else. */
export function parseLvmOptions(command: string, args: readonly string[]): LvmOptions {
  const values = new Map<string, string>();
  const flags = new Set<string>();
  const words: string[] = [];
  const isReport = /^(lvs|vgs|pvs)$/.test(command);
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (!arg.startsWith('-') || arg === '-') {
      words.push(arg);
      continue;
    }
    const { name, inline } = nameOf(arg, isReport);
    if (withValue.has(name)) {
      const value = inline ?? rest.shift() ?? '';
      const known = values.get(name);
      values.set(name, repeated.has(name) && known !== undefined ? `${known},${value}` : value);
    } else if (flagNames.has(name)) {
      flags.add(name);
      // Flags can be written together: `-fy`.
      if (inline !== undefined) rest.unshift(`-${inline}`);
    } else throw unknownOption(command, arg);
  }
  return { values, flags, words };
}

function nameOf(arg: string, isReport: boolean): { name: string; inline: string | undefined } {
  if (arg.startsWith('--')) {
    const equals = arg.indexOf('=');
    return equals < 0
      ? { name: arg.slice(2), inline: undefined }
      : { name: arg.slice(2, equals), inline: arg.slice(equals + 1) };
  }
  const letter = arg.charAt(1);
  const name = letter === 'a' && !isReport ? 'activate' : (shortNames[letter] ?? arg);
  const inline = arg.length > 2 ? arg.slice(2) : undefined;
  return { name, inline };
}

function unknownOption(command: string, arg: string): LvmFailure {
  return new LvmFailure(
    [`${command}: unrecognized option '${arg}'`, 'Error during parsing of command line.'],
    3,
  );
}

const unitBytes: Readonly<Record<string, number>> = {
  b: 1,
  s: 512,
  k: 2 ** 10,
  m: 2 ** 20,
  g: 2 ** 30,
  t: 2 ** 40,
  p: 2 ** 50,
  e: 2 ** 60,
};

/** In bytes; what has no unit is in MiB. `option` is its long name, for messages. */
export function parseLvmSize(
  command: string,
  text: string,
  option: 'size' | 'virtualsize',
): number {
  const match = /^\+?(-?\d+(?:\.\d+)?)([bskmgtpe])?(?:i?b)?$/i.exec(text);
  const invalid = [
    `Invalid argument for --${option}: ${text}`,
    'Error during parsing of command line.',
  ];
  if (match === null) throw new LvmFailure(["Can't parse size argument.", ...invalid], 3);
  const bytes = Number(match[1]) * (unitBytes[(match[2] ?? 'm').toLowerCase()] ?? 1);
  if (bytes % 512 !== 0 || bytes < 0) {
    const below = Math.max(0, Math.floor(bytes / 512) * 512);
    throw new LvmFailure(
      [`Size is not a multiple of 512. Try using ${below} or ${below + 512}.`, ...invalid],
      3,
    );
  }
  if (bytes === 0) throw usage(command, `--${option} may not be zero.`);
  return bytes;
}

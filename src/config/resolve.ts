/** Checks a configuration and fills in the defaults. */
import * as v from 'valibot';
import { PlatterError } from '../errors.ts';
import { defaultImageLimits, type ImageLimits } from '../inspector/limits.ts';
import { cacheModes, sourceTypes } from '../libvirt/cache-mode.ts';
import { reservedInstances } from '../names.ts';
import { nearest } from './nearest.ts';
import { imageTypes, type Config, type ConfigInput, type ImageType } from './config.ts';

const text = v.pipe(v.string(), v.nonEmpty());
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const absolutePath = v.pipe(
  v.string(),
  v.startsWith('/', 'is no absolute path'),
  v.check((path) => !path.includes('\0'), 'is no path'),
  v.transform(withoutEndSlash),
);
const fileName = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, 'is no file name'),
  v.check((name) => !reservedInstances.has(name), 'is a directory of another use'),
);
const cacheMode = v.pipe(
  v.string(),
  v.regex(
    new RegExp(`^(${sourceTypes.join('|')})=(${cacheModes.join('|')})$`),
    `is no ${sourceTypes.join('|')}=${cacheModes.join('|')}`,
  ),
);
const poolName = v.pipe(
  v.string(),
  v.regex(/^(?!-)[^\s@:,/]+(\/[^\s@:,/]+)?$/, 'is no pool or pool/namespace'),
);
const lvmName = v.pipe(v.string(), v.regex(/^[A-Za-z0-9+_.][A-Za-z0-9+_.-]*$/, 'is no LVM name'));

const schema = v.strictObject({
  instancesPath: v.optional(absolutePath, '/var/lib/platter/instances'),
  defaultImageType: v.optional(
    v.pipe(
      v.picklist([...imageTypes, 'raw']),
      v.transform((type): ImageType => (type === 'raw' ? 'flat' : type)),
    ),
    'qcow2',
  ),
  preallocateImages: v.optional(v.picklist(['none', 'space']), 'none'),
  forceRawImages: v.optional(v.boolean()),
  snapshotCompression: v.optional(v.boolean(), false),
  maxConcurrentDiskOps: v.optional(count, 0),
  imageCache: section({
    subdirectoryName: v.optional(fileName, '_base'),
    minimumAgeSeconds: v.optional(count, 86_400),
    maximumBytes: v.optional(count),
  }),
  lvm: section({
    volumeGroup: v.optional(lvmName),
    thinPool: v.optional(lvmName),
    sparse: v.optional(v.boolean(), false),
    volumeClear: v.optional(v.picklist(['zero', 'shred', 'none']), 'zero'),
    volumeClearSizeMib: v.optional(count, 0),
  }),
  rbd: section({
    pool: v.optional(poolName),
    templatePool: v.optional(poolName),
    user: v.optional(text),
    cephConf: v.optional(absolutePath),
    secretUuid: v.optional(text),
    connectTimeoutSeconds: v.optional(positive, 5),
  }),
  libvirt: section({
    virtType: v.optional(v.picklist(['kvm', 'qemu', 'xen', 'lxc', 'uml', 'parallels']), 'kvm'),
    diskCachemodes: v.optional(v.array(cacheMode), []),
    hwDiskDiscard: v.optional(v.picklist(['ignore', 'unmap'])),
  }),
  encryption: section({
    enabled: v.optional(v.boolean(), false),
    cipher: v.optional(text, 'aes-xts-plain64'),
    keySize: v.optional(positive, 512),
    keyDirectory: v.optional(absolutePath),
  }),
  limits: section({
    ...imageLimits(),
    maxReceivedBytes: v.optional(positive, 1024 ** 4),
    toolCpuSeconds: v.optional(positive, 30),
    toolMemoryBytes: v.optional(positive, 2 * 1024 ** 3),
    toolTimeoutSeconds: v.optional(positive, 120),
  }),
});

/** Every image limit is a whole number; which there are, and their defaults, stands in inspector/limits.ts. */
function imageLimits() {
  const names = Object.keys(defaultImageLimits) as (keyof ImageLimits)[];
  return Object.fromEntries(
    names.map((name) => [name, v.optional(count, defaultImageLimits[name])]),
  ) as Record<keyof ImageLimits, v.OptionalSchema<typeof count, number>>;
}

function section<Entries extends v.ObjectEntries>(entries: Entries) {
  return v.optional(v.strictObject(entries), {} as never);
}

function withoutEndSlash(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

/** Validated before: one parse for every engine that is built on the same object. */
const resolved = new WeakMap<object, Config>();

/** Throws CONFIG_INVALID, which names the key (as `nameKey` spells it) and for an unknown one the nearest known. */
export function resolveConfig(
  input: ConfigInput | Config = {},
  nameKey: (key: string) => string = (key) => key,
): Config {
  const known = resolved.get(input);
  if (known !== undefined) return known;
  const result = v.safeParse(schema, input);
  if (!result.success) throw configError(result.issues[0], nameKey);
  const config = result.output as Config;
  if (config.defaultImageType === 'rbd' && config.forceRawImages === false) {
    throw new PlatterError(
      'CONFIG_INVALID',
      `${nameKey('forceRawImages')} cannot be false with rbd`,
      {
        details: { key: nameKey('forceRawImages') },
        hint: `remove ${nameKey('forceRawImages')}: images in Ceph are raw`,
      },
    );
  }
  resolved.set(input, config);
  resolved.set(config, config);
  return config;
}

type Issue = v.InferIssue<typeof schema>;

function configError(issue: Issue, nameKey: (key: string) => string): PlatterError {
  const path = (issue.path ?? []).map((item) => String(item.key));
  const key = path.map(nameKey).join('.');
  const isUnknown = issue.type === 'strict_object' && issue.expected === 'never';
  if (isUnknown) {
    return new PlatterError('CONFIG_INVALID', `unknown configuration key "${key}"`, {
      details: { key },
      hint: hintForKey(path, nameKey),
    });
  }
  return new PlatterError('CONFIG_INVALID', `configuration key "${key}" ${complaint(issue)}`, {
    details: { key, expected: issue.expected, received: issue.received },
    hint: 'see the configuration section of the README',
  });
}

/** Completes "the key …". */
function complaint({ type, expected, received, message }: Issue): string {
  const got = names[received] ?? received;
  switch (type) {
    case 'starts_with':
    case 'regex':
    case 'check':
      return `${message}: ${got}`;
    case 'non_empty':
      return 'is empty';
    case 'safe_integer':
      return `has to be a whole number, not ${got}`;
    case 'min_value':
      return `has to be at least ${expected?.replace('>=', '')}, not ${got}`;
    case 'picklist':
      return `has to be one of ${expected?.replaceAll(/[()"]/g, '').replaceAll(' | ', ', ')}, not ${got}`;
    default:
      return `has to be ${names[expected ?? ''] ?? expected}, not ${got}`;
  }
}

/** What valibot calls types, and what people do. */
const names: Readonly<Record<string, string>> = {
  Array: 'a list',
  Object: 'a table',
  boolean: 'true or false',
  number: 'a number',
  string: 'text',
};

/** The nearest known key, the section where the key is known, or all that are known there. */
export function hintForKey(path: readonly string[], nameKey: (key: string) => string): string {
  const wanted = path.at(-1) ?? '';
  const within = path.length > 1 ? (path[0] ?? '') : undefined;
  const known = knownKeys(within);
  const elsewhere = Object.keys(schema.entries).find(
    (name) => name !== within && knownKeys(name).includes(wanted),
  );
  if (elsewhere !== undefined) {
    return `did you mean "${nameKey(elsewhere)}.${nameKey(wanted)}"?`;
  }
  const suggestion = nearest(wanted, known);
  if (suggestion !== undefined) return `did you mean "${nameKey(suggestion)}"?`;
  return `known are ${known.map(nameKey).join(', ')}`;
}

/** At the top, or in a section; none where there is no such section. */
function knownKeys(of: string | undefined): readonly string[] {
  if (of === undefined) return Object.keys(schema.entries);
  const found = (schema.entries as Record<string, { wrapped?: { entries?: object } }>)[of];
  return Object.keys(found?.wrapped?.entries ?? {});
}

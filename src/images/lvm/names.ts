/**
 * Names and tags of volumes. Disks have the names that Nova gives them; what else platter makes begins with `platter-`,
 * and everything that platter makes has tags that say what it is. A volume without them is somebody else's.
 */
import type { Config } from '../../config/config.ts';
import { PlatterError } from '../../errors.ts';
import { formatAddress, isName, type ImageAddress } from '../../names.ts';
import type { Volume } from '../../tools/lvm/report.ts';

/** B061 */
export function volumeName({ instance, disk }: ImageAddress): string {
  return `${instance}_${disk.replaceAll('_', '__')}`;
}

/** The disk of an instance that has this volume; undefined where the name is none of its disks'. */
export function diskOf(instance: string, name: string): string | undefined {
  if (!name.startsWith(`${instance}_`)) return undefined;
  const disk = name.slice(instance.length + 1).replaceAll('__', '_');
  const isOne = isName('disk', disk) && volumeName({ instance, disk }) === name;
  return isOne ? disk : undefined;
}

export const mapSuffix = '-dmcrypt';

/** dm-crypt map over a volume (B082). */
export function mapName(volume: string): string {
  return `${volume}${mapSuffix}`;
}

export function devicePath(group: string, volume: string): string {
  return `/dev/${group}/${volume}`;
}

export function mapPath(volume: string): string {
  return `/dev/mapper/${mapName(volume)}`;
}

/** Of a volume, as device-mapper knows it. */
export function mapperName(group: string, volume: string): string {
  return `${group.replaceAll('-', '--')}-${volume.replaceAll('-', '--')}`;
}

/** What operation `id` is making; nobody else looks at it. */
export function privateName(id: string): string {
  return `platter-part-${id}`;
}

/** What operation `id` has taken away and not removed yet. */
export function removedName(id: string): string {
  return `platter-removed-${id}`;
}

export function snapshotName(id: string): string {
  return `platter-snapshot-${id}`;
}

export function sparsePoolName(id: string): string {
  return `platter-pool-${id}`;
}

const digestChars = 16;

export function templateVolumeName(sha256: string, pool: string): string {
  return `platter-template-${sha256.slice(0, digestChars)}-${pool}`;
}

/** Nova's instances are UUIDs: only such names tell that a volume without tags is a disk. */
const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const novaInstance = new RegExp(`^${uuid}$`);
const novaVolume = new RegExp(`^(${uuid})_`);

const keys = {
  /** The disk that a volume is: `<instance>/<disk>`. */
  image: 'platter.image',
  /** The operation that made it. */
  made: 'platter.made',
  /** The key that it is encrypted with, and how. */
  key: 'platter.key',
  cipher: 'platter.cipher',
  keySize: 'platter.key_size',
  /** A template's volume: SHA-256 of the template. */
  template: 'platter.template',
  /** A snapshot: the disk that it is of, its name, place in their order, time in ms since 1970, size of its content. */
  of: 'platter.of',
  snapshot: 'platter.snapshot',
  number: 'platter.number',
  at: 'platter.at',
  size: 'platter.size',
} as const;

export type TagKey = keyof typeof keys;

export function tag(key: TagKey, value: string | number): string {
  return `${keys[key]}=${value}`;
}

export function tagOf({ tags }: Volume, key: TagKey): string | undefined {
  const prefix = `${keys[key]}=`;
  return tags.find((known) => known.startsWith(prefix))?.slice(prefix.length);
}

/** Whether a volume of the disk's name is the disk, and not somebody else's. */
export function isImage(volume: Volume, address: ImageAddress): boolean {
  const said = tagOf(volume, 'image');
  if (said !== undefined) return said === formatAddress(address);
  return isForeign(volume) && novaInstance.test(address.instance);
}

/** Whether platter did not make it. */
export function isForeign({ tags }: Volume): boolean {
  return !tags.some((known) => known.startsWith('platter.'));
}

/** The disk that a volume is, if it is one. */
export function imageOf(volume: Volume): ImageAddress | undefined {
  const said = tagOf(volume, 'image')?.split('/')[0];
  const instance = said ?? novaVolume.exec(volume.name)?.[1] ?? '';
  const disk = diskOf(instance, volume.name);
  if (disk === undefined || !isName('instance', instance)) return undefined;
  const address = { instance, disk };
  return isImage(volume, address) ? address : undefined;
}

/** Of `group/volume`; and of the name for device-mapper, in which each hyphen counts twice (names.json). */
const nameCharsMax = 126;
const reserved =
  /^(snapshot|pvmove)|_(cdata|cmeta|corig|cvol|wcorig|iorig|imeta|mimage|mlog|rimage|rmeta|tdata|tmeta|vdata|vorigin|pmspare)/;

/** The name of the disk's volume; INVALID_ARGUMENT where LVM has no such names. */
export function checkVolumeName(group: string, address: ImageAddress): string {
  const name = volumeName(address);
  if (reserved.test(name)) {
    throw new PlatterError('INVALID_ARGUMENT', `LVM reserves names such as "${name}"`, {
      details: { ...address, volume: name },
      hint: 'choose another name for the instance or the disk',
    });
  }
  const whole = `${group}-${name}${mapSuffix}`;
  const chars = whole.length + (whole.match(/-/g)?.length ?? 0);
  if (chars <= nameCharsMax) return name;
  throw new PlatterError('INVALID_ARGUMENT', `the name "${name}" is too long for LVM`, {
    details: { ...address, volume: name, chars, maximum: nameCharsMax },
    hint: 'choose shorter names; each _ of the disk and each - count twice',
  });
}

/** Whether platter has made a pool for one disk alone: by its name, which its tag confirms; and nobody chose it since. */
export function isSparsePool({ lvm }: Pick<Config, 'lvm'>, volume: Volume): boolean {
  const isMade = volume.name === sparsePoolName(tagOf(volume, 'made') ?? '');
  return isMade && volume.name !== lvm.thinPool;
}

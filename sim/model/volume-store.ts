/** Disks that are logical volumes, by the names that Nova gives them; what else platter keeps begins with `platter-`. */
import type { LogicalVolume } from '../volume-group/logical-volume.ts';
import type { VolumeGroup } from '../volume-group/volume-group.ts';
import type { EncryptionSpec } from '../scenarios/scenario.ts';
import { cryptKey, cryptTableOf } from '../tools/cryptsetup/crypt-table.ts';
import type { RawContent } from '../volume/content.ts';
import type { FileContent } from '../volume/file-content.ts';
import type { Inode } from '../volume/inode.ts';
import type { World } from '../world.ts';
import type { DiskStore } from './disk-store.ts';
import { meaningOf, type Meaning } from './layout.ts';
import type { DiskView } from './view.ts';

export function volumeStore(
  { stores, volume }: World,
  encryption: EncryptionSpec | undefined,
): DiskStore {
  const { group } = stores;
  if (group === undefined) throw new Error('a scenario of LVM has a volume group');
  const devices = `/dev/${group.name}/`;
  const named = (address: string) => group.volumes.get(volumeName(address));
  const isDisk = (address: string) => {
    const found = named(address);
    return found !== undefined && tagOf(found, 'image') === address;
  };
  const find = (address: string) => (isDisk(address) ? named(address) : setAside(group, address));
  const plain = (found: LogicalVolume, content: RawContent) =>
    plainContent(group, encryption, found, content);
  return {
    granuleBytes: group.extentBytes,
    takesSnapshots: true,
    hasDiskInfo: false,
    growsWhileOpen: true,
    restoresAnew: true,
    mayRunOut: true,
    meaningOf: (path, inode) =>
      path.startsWith(devices) ? meaningOfVolume(group, path, inode) : ofFile(meaningOf(path)),
    view(address) {
      const found = find(address);
      return found === undefined ? undefined : viewOf(group, found, address, plain);
    },
    isTaken: (address) =>
      !isDisk(address) &&
      (named(address) !== undefined || snapshotVolumes(group, address).length > 0),
    openable(address) {
      if (!isDisk(address)) return undefined;
      const inode = volume.peek(group.path({ name: volumeName(address) }));
      const device = inode?.device as LogicalVolume | undefined;
      if (device?.isSuspended !== false) return undefined;
      // Encrypted or not, it is seen through its map where it has one.
      return tagOf(device, 'key') === undefined ? inode : group.maps.get(`${device.name}-dmcrypt`);
    },
    keyOf(address) {
      const found = find(address);
      return found === undefined ? undefined : tagOf(found, 'key');
    },
    remains: () => [
      ...[...group.volumes.values()].filter(isOurs).map((found) => group.path(found)),
      ...[...group.maps.keys()].map((name) => `/dev/mapper/${name}`),
    ],
    leftovers: () =>
      [...group.volumes.values()].filter(isLeftover).map((found) => group.path(found)),
  };
}

/** As Nova names them. */
export function volumeName(address: string): string {
  const [instance = '', disk = ''] = address.split('/');
  return `${instance}_${disk.replaceAll('_', '__')}`;
}

function tagOf({ tags }: LogicalVolume, key: string): string | undefined {
  for (const tag of tags) if (tag.startsWith(`platter.${key}=`)) return tag.split('=')[1];
  return undefined;
}

/** Those that say that they are snapshots of a disk, whether or not it is there. */
function snapshotVolumes({ volumes }: VolumeGroup, address: string): readonly string[] {
  return [...volumes.values()]
    .filter((found) => tagOf(found, 'of') === address)
    .map(({ name }) => name);
}

/** What a disk that somebody has removed by hand has left: its snapshots, and pools that no volume is in any more. */
export function remainsOf(group: VolumeGroup, address: string): readonly string[] {
  const volumes = [...group.volumes.values()];
  const snapshots = group.volumes.has(volumeName(address)) ? [] : snapshotVolumes(group, address);
  const pools = volumes.filter(
    (pool) =>
      pool.name.startsWith('platter-pool-') &&
      volumes.every((found) => found.pool !== pool || snapshots.includes(found.name)),
  );
  return [...snapshots, ...pools.map(({ name }) => name)];
}

/** A disk whose name is free for a moment, until the one that was made to take its place has it. */
function setAside({ volumes }: VolumeGroup, address: string): LogicalVolume | undefined {
  for (const found of volumes.values()) {
    if (!found.name.startsWith(removed) || tagOf(found, 'image') !== address) continue;
    if (volumes.has(`${part}${found.name.slice(removed.length)}`)) return found;
  }
  return undefined;
}

const part = 'platter-part-';
const removed = 'platter-removed-';

function meaningOfVolume(group: VolumeGroup, path: string, { device }: Inode): Meaning {
  const found = device as LogicalVolume;
  const snapshot = tagOf(found, 'snapshot');
  const origin = tagOf(found, 'of');
  if (origin !== undefined && snapshot !== undefined) {
    return { kind: 'snapshot', address: origin, name: snapshot };
  }
  const address = tagOf(found, 'image');
  if (address === undefined) return undefined;
  const isDisk = path === group.path({ name: volumeName(address) });
  return isDisk || setAside(group, address) === found ? { kind: 'disk', address } : undefined;
}

/** Files are templates here, and nothing else. */
function ofFile(meaning: Meaning): Meaning {
  return meaning?.kind === 'template' ? meaning : undefined;
}

/** What the key that a volume names makes of what stands on it. */
function plainContent(
  group: VolumeGroup,
  encryption: EncryptionSpec | undefined,
  found: LogicalVolume,
  content: RawContent,
): RawContent {
  const secret = encryption?.keys[tagOf(found, 'key') ?? ''];
  if (encryption === undefined || secret === undefined) return content;
  return cryptTableOf(group).open(cryptKey(encryption, secret), content);
}

function viewOf(
  group: VolumeGroup,
  found: LogicalVolume,
  address: string,
  plain: (found: LogicalVolume, content: RawContent) => RawContent,
): DiskView {
  const snapshots = new Map<string, FileContent>();
  for (const other of group.volumes.values()) {
    const name = tagOf(other, 'of') === address ? tagOf(other, 'snapshot') : undefined;
    if (name === undefined || other.isMerging) continue;
    const sizeBytes = Number(tagOf(other, 'size') ?? other.content.sizeBytes);
    snapshots.set(name, plain(other, { ...other.content, sizeBytes }));
  }
  return { inode: found.inode, content: plain(found, found.content), snapshots };
}

/** Imported templates stay in the pool when the store has them no more, and audit lists them. */
function isOurs({ tags, name }: LogicalVolume): boolean {
  if (name.startsWith('platter-template-')) return false;
  return name.startsWith('platter-') || [...tags].some((tag) => tag.startsWith('platter.'));
}

/** Half-made, or taken away and not removed. */
function isLeftover({ name }: LogicalVolume): boolean {
  return name.startsWith(part) || name.startsWith(removed);
}

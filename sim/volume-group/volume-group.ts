/**
 * One LVM volume group of a simulated machine, as its commands find and leave it: metadata that is durable as soon as it
 * is committed, volumes that are active or not, device nodes that may be missing, and extents that keep what was written
 * to them until somebody else writes there.
 */
import type { RawContent } from '../volume/content.ts';
import { resize, slice } from '../volume/content.ts';
import { addNode, createDevice, removeNode } from '../volume/device.ts';
import type { Inode } from '../volume/inode.ts';
import type { ChooseState } from '../volume/power-cut.ts';
import type { VolumeChange } from '../volume/volume-change.ts';
import type { Volume } from '../volume/volume.ts';
import { FreeExtents } from './free-extents.ts';
import { GroupLock } from './group-lock.ts';
import { LogicalVolume, storeContent, type NewVolume } from './logical-volume.ts';
import { thinBlockBytes, ThinPool } from './thin-pool.ts';

export interface GroupOptions {
  readonly name: string;
  readonly extents: number;
  /** Default is 4 MiB. */
  readonly extentBytes?: number;
  readonly tell?: (change: VolumeChange) => void;
}

/** For a pool, which may have to be overwritten block by block when it goes. */
const moreBlocks = 2 ** 15;

export class VolumeGroup {
  readonly name: string;
  readonly uuid: string;
  readonly extentBytes: number;
  extents: number;
  readonly free: FreeExtents;
  readonly volumes = new Map<string, LogicalVolume>();
  readonly lock = new GroupLock();
  /** Of device-mapper: devices over its volumes, by name. Undefined is one without a table: nothing reads it. */
  readonly maps = new Map<string, Inode | undefined>();
  seqno = 1;
  readonly #volume: Volume;
  readonly #tell: (change: VolumeChange) => void;
  #nextUuid = 1;

  constructor(volume: Volume, { name, extents, extentBytes = 2 ** 22, tell }: GroupOptions) {
    this.name = name;
    this.uuid = `${name}-uuid`;
    this.extents = extents;
    this.extentBytes = extentBytes;
    this.free = new FreeExtents(extents, extentBytes);
    this.#volume = volume;
    this.#tell = tell ?? (() => {});
    for (const path of ['/dev', '/dev/mapper', `/dev/${name}`]) {
      if (volume.peek(path) === undefined) volume.create(path, 'directory', 0o755);
    }
    volume.syncDirectory('/dev');
    volume.syncDirectory('/');
  }

  extentsOf(bytes: number): number {
    return Math.ceil(bytes / this.extentBytes);
  }

  /** Of a pool with its metadata, and as much again as a spare. */
  extentsOfPool(dataBytes: number, metadataBlocks = 1024): number {
    return this.extentsOf(dataBytes) + 2 * this.extentsOf(metadataBlocks * 4096);
  }

  path({ name }: { readonly name: string }): string {
    return `/dev/${this.name}/${name}`;
  }

  mapperPath({ name }: { readonly name: string }): string {
    return `/dev/mapper/${this.name.replaceAll('-', '--')}-${name.replaceAll('-', '--')}`;
  }

  /** Another disk for the group, and more of everything for its pools. */
  makeRoom(extents: number): void {
    this.extents += extents;
    this.free.give(resize({ kind: 'raw', sizeBytes: 0, extents: [] }, extents * this.extentBytes));
    for (const volume of this.volumes.values()) {
      if (volume.room === undefined) continue;
      volume.room.grow(moreBlocks, moreBlocks);
      volume.sizeBytes += moreBlocks * thinBlockBytes;
    }
  }

  /** Commits a new volume; it is not active yet. */
  add(wanted: NewVolume, nowMs = 0): LogicalVolume {
    const number = String(this.#nextUuid++).padStart(6, '0');
    const made = new LogicalVolume(wanted, {
      uuid: `${number}-0000-0000-0000-0000-0000-000000`,
      nowMs,
      tell: (volume, before) => this.#told('content', volume, before),
    });
    made.inode = createDevice(this.#volume, made);
    this.volumes.set(made.name, made);
    if (made.kind === 'classic') made.origin?.snapshots.add(made);
    this.seqno += 1;
    this.#told('appear', made);
    return made;
  }

  /** A pool with as much metadata as LVM gives it, and as much again as a spare. */
  addPool(name: string, dataBytes: number, metadataBlocks = 1024): LogicalVolume {
    this.free.take(this.extentsOfPool(dataBytes, metadataBlocks));
    const content = resize({ kind: 'raw', sizeBytes: 0, extents: [] }, dataBytes);
    const pool = this.add({ name, kind: 'pool', sizeBytes: dataBytes, content });
    pool.room = new ThinPool(dataBytes, metadataBlocks);
    pool.isActive = true;
    return pool;
  }

  /** Commits that it is gone; its extents, with what is in them, are free. */
  remove(volume: LogicalVolume): void {
    this.volumes.delete(volume.name);
    volume.origin?.snapshots.delete(volume);
    for (const other of this.volumes.values()) {
      if (other.kind === 'thin' && other.origin === volume) other.origin = undefined;
    }
    if (volume.kind === 'linear') this.free.give(volume.content);
    if (volume.kind === 'classic') this.free.give(storeContent(volume));
    if (volume.room !== undefined) {
      const extents = this.extentsOfPool(volume.sizeBytes, volume.room.metadataBlocks);
      this.free.give(volume.room.remains(extents * this.extentBytes));
    }
    volume.pool?.room?.unmap(volume.mappings, 0, Infinity);
    this.seqno += 1;
    this.#told('vanish', volume);
  }

  rename(volume: LogicalVolume, name: string): void {
    const path = this.path(volume);
    this.volumes.delete(volume.name);
    volume.name = name;
    this.volumes.set(name, volume);
    this.seqno += 1;
    this.#tell({ kind: 'vanish', path, inode: volume.inode, before: undefined });
    this.#told('appear', volume);
  }

  /** Tags say what a volume is. */
  retag(volume: LogicalVolume, tags: ReadonlySet<string>): void {
    volume.tags = new Set(tags);
    this.#told('content', volume, volume.content);
  }

  /** New extents show what was written there before, those of thin volumes and of stores do not. */
  extend(volume: LogicalVolume, sizeBytes: number): void {
    const before = volume.content;
    const added = sizeBytes - volume.sizeBytes;
    const stale = volume.kind === 'thin' ? undefined : this.free.take(this.extentsOf(added));
    volume.sizeBytes = sizeBytes;
    this.seqno += 1;
    if (volume.kind === 'classic') return;
    const grown = resize(before, sizeBytes);
    const after = stale === undefined ? grown : laidBehind(grown, stale, before.sizeBytes);
    volume.durable = sameTail(volume.durable, after);
    volume.replace(after);
  }

  /** The snapshot takes the place of its origin, which keeps name, tags and permission. */
  mergeThin(snapshot: LogicalVolume, origin: LogicalVolume): void {
    this.volumes.delete(snapshot.name);
    origin.pool?.room?.unmap(origin.mappings, 0, Infinity);
    origin.mappings = snapshot.mappings;
    origin.sizeBytes = snapshot.sizeBytes;
    for (const other of this.volumes.values()) {
      if (other.origin === origin) other.origin = undefined;
      if (other.origin === snapshot) other.origin = origin;
    }
    this.seqno += 1;
    origin.durable = snapshot.durable;
    origin.replace(snapshot.content);
    this.#told('vanish', snapshot);
  }

  /** The store of a classic snapshot becomes a volume of its own. */
  split(snapshot: LogicalVolume): void {
    const content = storeContent(snapshot);
    snapshot.origin?.snapshots.delete(snapshot);
    snapshot.origin = undefined;
    snapshot.kind = 'linear';
    snapshot.isInvalid = false;
    snapshot.store.clear();
    this.seqno += 1;
    snapshot.durable = content;
    snapshot.replace(content);
  }

  addNodes(volume: LogicalVolume): void {
    if (volume.kind === 'pool') return;
    for (const path of [this.mapperPath(volume), this.path(volume)]) {
      addNode(this.#volume, path, volume.inode);
    }
  }

  removeNodes(volume: { readonly name: string }): void {
    removeNode(this.#volume, this.mapperPath(volume));
    removeNode(this.#volume, this.path(volume));
  }

  /** A device over a volume, for whoever encrypts. */
  addMap(name: string, inode: Inode): void {
    this.maps.set(name, inode);
    this.addMapNode(name);
  }

  /** Of a map that has a table. */
  addMapNode(name: string): void {
    const inode = this.maps.get(name);
    if (inode !== undefined) addNode(this.#volume, `/dev/mapper/${name}`, inode);
  }

  removeMapNode(name: string): void {
    removeNode(this.#volume, `/dev/mapper/${name}`);
  }

  removeMap(name: string): void {
    this.maps.delete(name);
    this.removeMapNode(name);
  }

  /** Also of those that are gone. */
  hasMapNode(name: string): boolean {
    return this.#volume.peek(`/dev/mapper/${name}`) !== undefined;
  }

  /** Contents that were not synced may be gone; all devices are, until somebody activates them. */
  cutPower(choose: ChooseState): void {
    for (const name of [...this.maps.keys()]) this.removeMap(name);
    const activates = choose(2) === 0;
    for (const volume of this.volumes.values()) {
      this.removeNodes(volume);
      volume.inode.readers = 0;
      volume.inode.writers = 0;
      volume.openers = 0;
      volume.isSuspended = false;
      volume.lostWrites = false;
      if (volume.room !== undefined) volume.room.isStuck = false;
      if (volume.content !== volume.durable && choose(2) === 1) volume.content = volume.durable;
      volume.durable = volume.content;
      if (volume.kind === 'pool') continue;
      volume.isActive = activates && !volume.skipsActivation && !volume.isPromised;
      if (volume.isActive) this.addNodes(volume);
    }
  }

  #told(kind: VolumeChange['kind'], volume: LogicalVolume, before?: RawContent): void {
    this.#tell({ kind, path: this.path(volume), inode: volume.inode, before });
  }
}

function laidBehind(grown: RawContent, stale: RawContent, from: number): RawContent {
  if (stale.extents.length === 0) return grown;
  const moved = stale.extents.map((extent) => ({ ...extent, at: extent.at + from }));
  return { ...grown, extents: [...grown.extents, ...moved] };
}

/** What was durable stays so; what is behind its end is there at once. */
function sameTail(durable: RawContent, after: RawContent): RawContent {
  const tail = slice(after, durable.sizeBytes, after.sizeBytes);
  return laidBehind(resize(durable, after.sizeBytes), tail, durable.sizeBytes);
}

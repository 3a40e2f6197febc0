/** One logical volume: what the metadata of its group says of it, its device, and its content. */
import { changes, type RawContent } from '../volume/content.ts';
import type { Device } from '../volume/device.ts';
import { errno } from '../volume/errno.ts';
import type { Inode } from '../volume/inode.ts';
import type { Mappings, ThinPool } from './thin-pool.ts';

/** `classic` is a snapshot with a store of its own, of a linear volume. */
export type VolumeKind = 'linear' | 'thin' | 'pool' | 'classic';

/** Of classic snapshots: pieces that are copied when either side is written. */
const chunkBytes = 4096;

export interface NewVolume {
  readonly name: string;
  readonly kind: VolumeKind;
  /** What it is called by whoever looks at it: extents times their size; of a classic snapshot that of its store. */
  readonly sizeBytes: number;
  readonly content: RawContent;
  readonly origin?: LogicalVolume | undefined;
  readonly pool?: LogicalVolume | undefined;
  readonly mappings?: Mappings;
  readonly tags?: readonly string[];
  readonly isReadOnly?: boolean;
  readonly skipsActivation?: boolean;
}

export class LogicalVolume implements Device {
  name: string;
  kind: VolumeKind;
  readonly uuid: string;
  readonly createdMs: number;
  sizeBytes: number;
  tags: Set<string>;
  isReadOnly: boolean;
  skipsActivation: boolean;
  origin: LogicalVolume | undefined;
  pool: LogicalVolume | undefined;
  /** Of pools. */
  room: ThinPool | undefined;
  /** Of thin volumes. */
  mappings: Mappings;
  /** Of thin volumes: the pool has not been told of it. */
  isPromised = false;
  isActive = false;
  /** Nothing is read or written any more, until somebody resumes it. */
  isSuspended = false;
  /** Maps and tools that have it open without the locks of qemu. */
  openers = 0;
  /** Who waits for that. */
  readonly waiting: (() => void)[] = [];
  /** Of classic snapshots: chunks that its store holds, and whether it had no room for one. */
  readonly store = new Set<number>();
  isInvalid = false;
  /** Of snapshots that are being merged: seen by nobody any more. */
  isMerging = false;
  content: RawContent;
  /** What survives a power cut for certain. */
  durable: RawContent;
  /** A write that nobody waited for has failed: the next sync tells. */
  lostWrites = false;
  inode!: Inode;
  /** Classic snapshots of it. */
  readonly snapshots = new Set<LogicalVolume>();
  readonly #tell: (before: RawContent) => void;

  constructor(
    wanted: NewVolume,
    options: {
      uuid: string;
      nowMs: number;
      tell: (volume: LogicalVolume, before: RawContent) => void;
    },
  ) {
    this.name = wanted.name;
    this.kind = wanted.kind;
    this.uuid = options.uuid;
    this.createdMs = options.nowMs;
    this.sizeBytes = wanted.sizeBytes;
    this.tags = new Set(wanted.tags);
    this.isReadOnly = wanted.isReadOnly ?? false;
    this.skipsActivation = wanted.skipsActivation ?? false;
    this.origin = wanted.origin;
    this.pool = wanted.pool;
    this.mappings = wanted.mappings ?? new Map<number, number>();
    this.content = wanted.content;
    this.durable = wanted.content;
    this.#tell = (before) => options.tell(this, before);
  }

  get isOpen(): boolean {
    return this.inode.readers + this.inode.writers + this.openers > 0;
  }

  read(): RawContent {
    if (this.isInvalid) throw errno('EIO');
    return this.content;
  }

  /** `ranges` are those that differ, where whoever writes knows them better than by comparing. */
  write(content: RawContent, ranges = changes(this.content, content)): void {
    if (this.isReadOnly) throw errno('EPERM');
    if (this.isInvalid) throw errno('EIO');
    if (content.sizeBytes !== this.content.sizeBytes) throw errno('ENOSPC');
    if (ranges.length === 0) return;
    this.pool?.room?.map(this.mappings, ranges);
    this.pool?.room?.note(this.mappings, content, ranges);
    for (const snapshot of this.snapshots) keepChunks(snapshot, ranges);
    if (this.kind === 'classic') keepChunks(this, ranges);
    this.replace(content);
  }

  /** Another content, without the room for it being looked at. */
  replace(content: RawContent): void {
    const before = this.content;
    this.content = content;
    this.#tell(before);
  }

  lose(): void {
    this.lostWrites = true;
  }

  sync(): void {
    if (this.lostWrites) {
      this.lostWrites = false;
      throw errno('EIO');
    }
    this.durable = this.content;
  }

  suspend(): void {
    this.isSuspended = true;
  }

  resume(): void {
    this.isSuspended = false;
    for (const wake of this.waiting.splice(0)) wake();
  }
}

function keepChunks(snapshot: LogicalVolume, ranges: ReturnType<typeof changes>): void {
  if (snapshot.isInvalid) return;
  const room = Math.floor(snapshot.sizeBytes / chunkBytes) - 1;
  for (const { at, length } of ranges) {
    for (let chunk = Math.floor(at / chunkBytes); chunk * chunkBytes < at + length; chunk += 1) {
      if (snapshot.store.has(chunk)) continue;
      if (snapshot.store.size >= room) {
        snapshot.isInvalid = true;
        return;
      }
      snapshot.store.add(chunk);
    }
  }
}

/** What stands in the store of a classic snapshot. */
export function storeContent({ content, store, sizeBytes }: LogicalVolume): RawContent {
  const extents = content.extents.filter(({ at }) => store.has(Math.floor(at / chunkBytes)));
  return {
    kind: 'raw',
    sizeBytes,
    extents: extents.filter(({ at, length }) => at + length <= sizeBytes),
  };
}

/**
 * What a simulated qcow2 file holds: its layers as contents, and, for whoever reads its bytes, a real header and a real
 * snapshot table, so that platter's own parsers read it like any other.
 */
import { hashText } from '../schedule/prng.ts';
import {
  dataFingerprint,
  emptyContent,
  fingerprint,
  overlay,
  resize,
  slice,
  zeros,
  type RawContent,
} from './content.ts';

interface Qcow2SnapshotContent {
  readonly id: number;
  readonly name: string;
  readonly createdAtMs: number;
  /** The layer at that time; its size is the disk's at that time. */
  readonly layer: RawContent;
  /** Was brought back before: its flags are right now, as they are not the first time. */
  readonly wasApplied?: boolean;
}

export interface Qcow2Content {
  readonly kind: 'qcow2';
  readonly clusterBytes: number;
  readonly backing: { readonly path: string; readonly format: string } | undefined;
  /** What was written to the disk itself; its size is the disk's. */
  readonly layer: RawContent;
  readonly snapshots: readonly Qcow2SnapshotContent[];
  /**
   * `leaks`: clusters that belong to nothing; `check -r leaks` gives them back. `corrupt`: `check` finds more than that,
   * and the guest's next writes may damage a snapshot. `torn`: no image at all (a create that was broken off).
   */
  readonly damage: 'none' | 'leaks' | 'corrupt' | 'torn';
  /**
   * The snapshot table that the header names was given back by a tool that failed at the end; the one before it is still
   * there. Writing its place into the header brings it back.
   */
  readonly lostTable?: readonly Qcow2SnapshotContent[] | undefined;
}

export function newQcow2(
  sizeBytes: number,
  options: { clusterBytes?: number; backing?: Qcow2Content['backing'] } = {},
): Qcow2Content {
  return {
    kind: 'qcow2',
    clusterBytes: options.clusterBytes ?? 65_536,
    backing: options.backing,
    layer: resize(emptyContent, sizeBytes),
    snapshots: [],
    damage: 'none',
  };
}

/** What a guest reads: the layer over what is behind it. `readBacking` gives the content of the backing file. */
export function guestView(layer: RawContent, backing: RawContent | undefined): RawContent {
  if (backing === undefined) return layer;
  const known = views.get(layer);
  if (known?.backing === backing) return known.view;
  const view = overlay(layer, backing);
  views.set(layer, { backing, view });
  return view;
}

const views = new WeakMap<RawContent, { backing: RawContent; view: RawContent }>();

const headerBytes = 112;
const backingPosition = 512;
const snapshotEntryBytes = 56;

/**
 * In clusters: header, refcount table, refcount block, snapshot table, then the L1 tables of the snapshots and of the disk,
 * and data. A snapshot table that was lost stood where the L1 tables begin, and those cannot be read then.
 */
const position = { refcountTable: 1, snapshots: 3, tables: 4 };

function l1Entries({ clusterBytes }: Qcow2Content, { sizeBytes }: RawContent): number {
  return Math.max(1, Math.ceil(sizeBytes / ((clusterBytes / 8) * clusterBytes)));
}

function l1Clusters(content: Qcow2Content, layer: RawContent): number {
  return Math.ceil((l1Entries(content, layer) * 8) / content.clusterBytes);
}

/** What layers share is there once: it is the same extent. */
export function qcow2FileBytes(content: Qcow2Content): number {
  const { clusterBytes, layer, snapshots } = content;
  if (content.damage === 'torn') return clusterBytes;
  const counted = new Set<object>();
  // Each snapshot has a copy of the L1 table, which takes more than one cluster where clusters are small.
  let clusters = position.tables + l1Clusters(content, layer);
  for (const snapshot of snapshots) clusters += l1Clusters(content, snapshot.layer);
  for (const { extents } of [layer, ...snapshots.map((snapshot) => snapshot.layer)]) {
    let end = 0;
    for (const extent of extents) {
      if (extent.source === zeros || counted.has(extent)) continue;
      counted.add(extent);
      const first = Math.max(end, Math.floor(extent.at / clusterBytes));
      end = Math.max(first, Math.ceil((extent.at + extent.length) / clusterBytes));
      clusters += end - first;
    }
  }
  return clusters * clusterBytes;
}

/** Where the mark of the image stands: behind the header extensions, where no parser looks. */
export const markPosition = 448;

/** A run of bytes of a file; everything outside of them reads as zeros. */
export interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** The header and the snapshot table. `mark` tells this image from every other. */
export function renderQcow2(content: Qcow2Content, mark: number): readonly Piece[] {
  if (content.damage === 'torn') return [];
  const { clusterBytes, backing, layer, snapshots } = content;
  const bytes = Buffer.alloc(backingPosition + 1024);
  bytes.write('QFI\xfb', 0, 'latin1');
  bytes.writeUInt32BE(3, 4);
  bytes.writeUInt32BE(Math.log2(clusterBytes), 20);
  bytes.writeBigUInt64BE(BigInt(layer.sizeBytes), 24);
  bytes.writeUInt32BE(l1Entries(content, layer), 36);
  bytes.writeBigUInt64BE(BigInt(tablesOf(content).at(-1)?.at ?? 0), 40);
  bytes.writeBigUInt64BE(BigInt(position.refcountTable * clusterBytes), 48);
  bytes.writeUInt32BE(1, 56);
  bytes.writeUInt32BE(4, 96);
  bytes.writeUInt32BE(headerBytes, 100);
  bytes.writeUInt32BE(mark, markPosition);
  if (backing !== undefined) writeBacking(bytes, backing);
  if (snapshots.length > 0) bytes.set(tableReference(content), 60);
  const table = content.lostTable ?? snapshots;
  if (table.length === 0) return [{ at: 0, bytes }];
  return [
    { at: 0, bytes },
    {
      at: position.snapshots * clusterBytes,
      bytes: renderSnapshots({ ...content, snapshots: table }),
    },
  ];
}

/**
 * Count and place of the snapshot table, as bytes 60 to 72 of the header say them. A table that was lost was written at
 * another place than the one before it, which is still there.
 */
export function tableReference({ snapshots, lostTable, clusterBytes }: Qcow2Content): Uint8Array {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(snapshots.length);
  const place = lostTable === undefined ? position.snapshots : position.tables;
  if (snapshots.length > 0) bytes.writeBigUInt64BE(BigInt(place * clusterBytes), 4);
  return bytes;
}

/** Where the L1 tables are: those of the snapshots, and last that of the disk. */
function tablesOf(content: Qcow2Content): readonly { at: number; layer: RawContent }[] {
  let at = position.tables * content.clusterBytes;
  return [...content.snapshots.map(({ layer }) => layer), content.layer].map((layer) => {
    const place = { at, layer };
    at += l1Clusters(content, layer) * content.clusterBytes;
    return place;
  });
}

/**
 * The L1 tables: entries are equal where what they stand for is equal, and zero where that is nothing. (Of the real ones
 * an entry may stay the same when something behind it is written that no snapshot has.)
 */
export function renderTables(content: Qcow2Content): readonly Piece[] {
  if (content.damage === 'torn' || content.lostTable !== undefined) return [];
  const coveredBytes = (content.clusterBytes / 8) * content.clusterBytes;
  return tablesOf(content).map(({ at, layer }) => {
    const bytes = Buffer.alloc(l1Entries(content, layer) * 8);
    for (let entry = 0; entry * 8 < bytes.length; entry += 1) {
      const piece = slice(layer, entry * coveredBytes, (entry + 1) * coveredBytes);
      const isEmpty = piece.extents.every(({ source }) => source === zeros);
      if (!isEmpty)
        bytes.writeUInt32BE(hashText(dataFingerprint(piece)) & 0x7fffffff, entry * 8 + 2);
    }
    return { at, bytes };
  });
}

function writeBacking(bytes: Buffer, { path, format }: { path: string; format: string }): void {
  const length = bytes.write(path, backingPosition);
  bytes.writeBigUInt64BE(BigInt(backingPosition), 8);
  bytes.writeUInt32BE(length, 16);
  bytes.writeUInt32BE(0xe2792aca, headerBytes);
  bytes.writeUInt32BE(format.length, headerBytes + 4);
  bytes.write(format, headerBytes + 8, 'latin1');
}

function entryBytes({ id, name }: Qcow2SnapshotContent): number {
  return Math.ceil((snapshotEntryBytes + 8 + String(id).length + Buffer.byteLength(name)) / 8) * 8;
}

/** Seconds and nanoseconds, written over those of the entry at this place; nothing else is ever written to the table. */
export function withSnapshotTime(
  content: Qcow2Content,
  place: number,
  bytes: Uint8Array,
): Qcow2Content {
  let at = position.snapshots * content.clusterBytes + 16;
  const time = Buffer.from(bytes);
  const snapshots = content.snapshots.map((snapshot) => {
    const isIt = at === place && time.length === 8;
    at += entryBytes(snapshot);
    if (!isIt) return snapshot;
    return { ...snapshot, createdAtMs: time.readUInt32BE(0) * 1000 + time.readUInt32BE(4) / 1e6 };
  });
  return { ...content, snapshots };
}

function renderSnapshots(content: Qcow2Content): Buffer {
  const bytes = Buffer.alloc(content.snapshots.reduce((sum, one) => sum + entryBytes(one), 0));
  let at = 0;
  const tables = tablesOf(content);
  for (const [index, snapshot] of content.snapshots.entries()) {
    const { id, name, createdAtMs, layer } = snapshot;
    const idText = String(id);
    const nameBytes = Buffer.from(name);
    bytes.writeBigUInt64BE(BigInt(tables[index]?.at ?? 0), at);
    bytes.writeUInt32BE(l1Entries(content, layer), at + 8);
    bytes.writeUInt16BE(idText.length, at + 12);
    bytes.writeUInt16BE(nameBytes.length, at + 14);
    bytes.writeUInt32BE(Math.floor(createdAtMs / 1000), at + 16);
    bytes.writeUInt32BE(Math.floor(createdAtMs % 1000) * 1e6, at + 20);
    bytes.writeUInt32BE(24, at + 36);
    bytes.writeBigUInt64BE(BigInt(layer.sizeBytes), at + 48);
    bytes.write(idText, at + 64, 'latin1');
    nameBytes.copy(bytes, at + 64 + idText.length);
    at += entryBytes(snapshot);
  }
  return bytes;
}

/** Equal texts are equal images: format, layers, snapshots and damage. */
export function fingerprintQcow2(content: Qcow2Content): string {
  const { backing, layer, snapshots, damage } = content;
  const kept = snapshots.map((snapshot) => `${snapshot.name}=${fingerprint(snapshot.layer)}`);
  return `qcow2 ${damage} ${backing?.path ?? ''} ${fingerprint(layer)} ${kept.join(' ')}`;
}

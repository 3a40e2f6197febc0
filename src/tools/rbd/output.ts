/** Parsers of what rbd 16.2 prints with `--format json`. Pure. */
import { field, parseArray, parseObject, unreadable } from '../json-output.ts';
import { parseLine } from '../line-output.ts';

interface RbdParent {
  /** `pool`, or `pool/namespace`. */
  readonly pool: string;
  readonly image: string;
  readonly snapshot: string;
}

export interface RbdInfo {
  /** Stays when the image is renamed, and is never given again. */
  readonly id: string;
  readonly sizeBytes: number;
  readonly objectSizeBytes: number;
  readonly snapshotCount: number;
  /** What it is a clone of. */
  readonly parent: RbdParent | undefined;
  /** ISO time in UTC; null in images of an old Ceph. */
  readonly createdAt: string | null;
  /** Of a snapshot. */
  readonly isProtected: boolean;
}

export function parseRbdInfo(stdout: string): RbdInfo {
  const info = parseObject('rbd info', stdout);
  return {
    id: field.text(info, 'id', 'rbd info'),
    sizeBytes: field.size(info, 'size', 'rbd info'),
    objectSizeBytes: field.size(info, 'object_size', 'rbd info'),
    snapshotCount: field.size(info, 'snapshot_count', 'rbd info'),
    parent: parentOf(info['parent']),
    createdAt: isoTime(info['create_timestamp']),
    isProtected: info['protected'] === 'true',
  };
}

function parentOf(value: unknown): RbdParent | undefined {
  if (value === undefined) return undefined;
  const parent = value as Record<string, unknown>;
  const pool = field.text(parent, 'pool', 'rbd info');
  return {
    pool: withNamespace(pool, parent['pool_namespace']),
    image: field.text(parent, 'image', 'rbd info'),
    snapshot: field.text(parent, 'snapshot', 'rbd info'),
  };
}

function withNamespace(pool: string, namespace: unknown): string {
  return typeof namespace === 'string' && namespace !== '' ? `${pool}/${namespace}` : pool;
}

/** `Mon Nov 23 14:51:25 2026`, in the time zone of the process, which the executor sets to UTC. */
function isoTime(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const ms = Date.parse(`${value} UTC`);
  return Number.isNaN(ms) ? null : new Date(ms).toISOString();
}

export interface RbdSnapshot {
  readonly id: string;
  readonly name: string;
  readonly sizeBytes: number;
  readonly isProtected: boolean;
  /** ISO time in UTC. */
  readonly createdAt: string | null;
}

/** Oldest first. */
export function parseRbdSnapshots(stdout: string): readonly RbdSnapshot[] {
  return parseArray('rbd snap ls', stdout)
    .map((snapshot) => ({
      number: field.size(snapshot, 'id', 'rbd snap ls'),
      name: field.text(snapshot, 'name', 'rbd snap ls'),
      sizeBytes: field.size(snapshot, 'size', 'rbd snap ls'),
      isProtected: snapshot['protected'] === 'true',
      createdAt: isoTime(snapshot['timestamp']),
    }))
    .sort((a, b) => a.number - b.number)
    .map(({ number, ...snapshot }) => ({ id: String(number), ...snapshot }));
}

/** Ids of images in the trash. */
export function parseRbdTrash(stdout: string): readonly string[] {
  return parseArray('rbd trash ls', stdout).map((entry) => field.text(entry, 'id', 'rbd trash ls'));
}

/** Names of the images, as rbd gives them. */
export function parseRbdList(stdout: string): readonly string[] {
  try {
    const names: unknown = JSON.parse(stdout);
    if (Array.isArray(names) && names.every((name) => typeof name === 'string')) return names;
  } catch {
    // Reported below, like every other output that is no list of names.
  }
  throw unreadable('rbd ls', stdout);
}

/** Addresses of the clients that have the image open. */
export function parseRbdWatchers(stdout: string): readonly string[] {
  const { watchers } = parseObject('rbd status', stdout);
  // Without any, some versions leave the list out.
  if (watchers === undefined) return [];
  if (!Array.isArray(watchers)) throw unreadable('rbd status', stdout);
  return watchers.map((watcher: Record<string, unknown>) =>
    field.text(watcher, 'address', 'rbd status'),
  );
}

/** Clones, as `pool/image`. */
export function parseRbdChildren(stdout: string): readonly string[] {
  return parseArray('rbd children', stdout).map((child) => {
    const pool = field.text(child, 'pool', 'rbd children');
    const image = field.text(child, 'image', 'rbd children');
    return `${withNamespace(pool, child['pool_namespace'])}/${image}`;
  });
}

/** Bytes that the image takes together with its snapshots, but not what it leans on. */
export function parseRbdUsage(stdout: string): number {
  const { images } = parseObject('rbd du', stdout);
  if (!Array.isArray(images)) throw unreadable('rbd du', stdout);
  return images.reduce(
    (sum: number, row: Record<string, unknown>) => sum + field.size(row, 'used_size', 'rbd du'),
    0,
  );
}

/** A value that an image is marked with: the one answer that is no JSON. */
export function parseRbdMetadata(stdout: string): string {
  return parseLine('rbd image-meta get', stdout);
}

/** Percent done, from a line such as `Importing image: 6% complete...`. */
export function parseRbdProgress(line: string): number | undefined {
  const match = /: (\d+)% complete/.exec(line);
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/**
 * Pools and their namespaces, as objects that come and go one by one: a command that is ended half-way leaves a name
 * without an image, an image with two names, or one that no list shows (fixtures/rbd-16.2/killed-steps.json).
 */
import type { ClusterImage } from './image.ts';

export interface Pool {
  readonly id: number;
  readonly name: string;
  /** The one without a name is always there. */
  readonly namespaces: Map<string, Namespace>;
}

export interface Namespace {
  readonly pool: Pool;
  readonly name: string;
  /** `rbd_directory`: what is listed. Name to id. */
  readonly directory: Map<string, string>;
  /** `rbd_id.NAME`: what can be opened by a name. */
  readonly ids: Map<string, string>;
  /** `rbd_header.ID` */
  readonly headers: Map<string, ClusterImage>;
  /** `rbd_trash` */
  readonly trash: Map<string, TrashEntry>;
  /** `rbd_children`: parent snapshot (see `childrenKey`) to ids of clones that are in this namespace. */
  readonly children: Map<string, Set<string>>;
}

interface TrashEntry {
  readonly name: string;
  /** `removing`: on its way out by `rbd rm`. */
  readonly source: 'user' | 'removing';
  readonly deletedMs: number;
}

export function newPool(id: number, name: string): Pool {
  const pool: Pool = { id, name, namespaces: new Map() };
  addNamespace(pool, '');
  return pool;
}

export function addNamespace(pool: Pool, name: string): Namespace {
  const namespace: Namespace = {
    pool,
    name,
    directory: new Map(),
    ids: new Map(),
    headers: new Map(),
    trash: new Map(),
    children: new Map(),
  };
  pool.namespaces.set(name, namespace);
  return namespace;
}

/** The image that a name opens. */
export function imageNamed({ ids, headers }: Namespace, name: string): ClusterImage | undefined {
  const id = ids.get(name);
  return id === undefined ? undefined : headers.get(id);
}

/** The name that lists show of it. */
export function listedName({ directory }: Namespace, id: string): string | undefined {
  for (const [name, known] of directory) if (known === id) return name;
  return undefined;
}

/** `pool/image`, or `pool/namespace/image`. */
export function specOf({ pool, name: namespace }: Namespace, name: string): string {
  return namespace === '' ? `${pool.name}/${name}` : `${pool.name}/${namespace}/${name}`;
}

/** A name that opens it; undefined when there is none. */
export function nameOf({ id, namespace: { ids, trash } }: ClusterImage): string | undefined {
  for (const [name, known] of ids) if (known === id) return name;
  return trash.get(id)?.name;
}

/** All names that open it: a rename that was cut off leaves two. */
export function namesOf({ id, namespace: { ids } }: ClusterImage): readonly string[] {
  return [...ids].filter(([, known]) => known === id).map(([name]) => name);
}

export function childrenKey(parent: Namespace, imageId: string, snapshotId: number): string {
  return `${parent.pool.id}/${parent.name}/${imageId}@${snapshotId}`;
}

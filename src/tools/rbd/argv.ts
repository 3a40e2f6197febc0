/**
 * Command lines of rbd 16.2. Pure. Images are written `pool/image` or `pool/namespace/image`, snapshots with `@snapshot`
 * behind; sizes in bytes. Without a bound on the connection rbd waits 300 s for a monitor.
 */
import type { Command } from '../../ports/executor.ts';
import { identity, type CephClient } from './client.ts';

/** A command that changes something: nothing but the connection is bounded (see `reading`). */
function rbd(client: CephClient, ...args: readonly string[]): Command {
  const connection = ['--client-mount-timeout', String(client.connectTimeoutSeconds)];
  return { file: 'rbd', args: [...identity(client), ...connection, ...args] };
}

/** What a storage daemon that does not answer is given, as a multiple of the time for the connection. */
const readPatience = 3;

/**
 * A command that reads. Only these give up on a storage daemon that does not answer: where something is written, rbd
 * loses the write and may go on as if nothing had happened (recorded: import with an operation timeout).
 */
function reading(client: CephClient, ...args: readonly string[]): Command {
  const bound = String(client.connectTimeoutSeconds * readPatience);
  return rbd(client, '--rados-mon-op-timeout', bound, '--rados-osd-op-timeout', bound, ...args);
}

const asJson = ['--format', 'json'] as const;

export function rbdInfo(client: CephClient, spec: string): Command {
  return reading(client, 'info', spec, ...asJson);
}

/** Names of the images of a pool or namespace. */
export function rbdList(client: CephClient, pool: string): Command {
  return reading(client, 'ls', pool, ...asJson);
}

export function rbdSnapshots(client: CephClient, spec: string): Command {
  return reading(client, 'snap', 'ls', spec, ...asJson);
}

/** Who has it open. */
export function rbdStatus(client: CephClient, spec: string): Command {
  return reading(client, 'status', spec, ...asJson);
}

/** Clones of a snapshot, or with `all` of every snapshot of an image, removed ones included. */
export function rbdChildren(client: CephClient, spec: string, { all = false } = {}): Command {
  return reading(client, 'children', ...(all ? ['--all'] : []), spec, ...asJson);
}

/** Space that the image and each of its snapshots take. */
export function rbdUsage(client: CephClient, spec: string): Command {
  return reading(client, 'du', spec, ...asJson);
}

/** Prints the value alone. */
export function rbdMetadata(client: CephClient, spec: string, key: string): Command {
  return reading(client, 'image-meta', 'get', spec, key);
}

export function rbdSetMetadata(
  client: CephClient,
  spec: string,
  key: string,
  value: string,
): Command {
  return rbd(client, 'image-meta', 'set', spec, key, value);
}

export function rbdCreate(client: CephClient, spec: string, sizeBytes: number): Command {
  return rbd(client, 'create', spec, '--size', bytes(sizeBytes));
}

/** Raw content from a file; holes and zeros take no space. Prints its progress. */
export function rbdImport(client: CephClient, path: string, spec: string): Command {
  return rbd(client, 'import', path, spec);
}

/** Raw content into a new file, holes kept. Prints its progress. */
export function rbdExport(client: CephClient, spec: string, path: string): Command {
  return rbd(client, 'export', spec, path);
}

/** Out of a namespace only the second format of clones leads, which is not every cluster's default. */
export function rbdClone(client: CephClient, snapshot: string, spec: string): Command {
  const isWithin = namespaceOf(snapshot) === namespaceOf(spec);
  const format = isWithin ? [] : ['--rbd_default_clone_format', '2'];
  return rbd(client, 'clone', ...format, snapshot, spec);
}

function namespaceOf(spec: string): string {
  const [, namespace, image] = spec.split('/');
  return image === undefined ? '' : `${namespace}`;
}

/** Grows; rbd refuses to shrink. */
export function rbdResize(client: CephClient, spec: string, sizeBytes: number): Command {
  return rbd(client, 'resize', '--no-progress', spec, '--size', bytes(sizeBytes));
}

/** For private clones alone: no image ever shrinks. */
export function rbdShrink(client: CephClient, spec: string, sizeBytes: number): Command {
  const { file, args } = rbdResize(client, spec, sizeBytes);
  return { file, args: [...args, '--allow-shrink'] };
}

/**
 * Gives another name within the pool and namespace; never over an image that is there. Whoever is the later of two to give
 * a name ends with status 0 all the same: only what rbd logs tells then (see `hasRenamed`).
 */
export function rbdRename(client: CephClient, spec: string, target: string): Command {
  return rbd(client, 'rename', spec, target, '--debug-rbd=1', '--log-to-stderr=true');
}

export function rbdRemove(client: CephClient, spec: string): Command {
  return rbd(client, 'rm', '--no-progress', spec);
}

/** What somebody has put there to have it back; what `rbd rm` has on its way out is not shown (removing.json). */
export function rbdTrashList(client: CephClient, pool: string): Command {
  return rbd(client, 'trash', 'ls', '--all', '--format', 'json', pool);
}

/** Carries on with a removal that was killed once the image had no name any more: by its id, which nothing else has. */
export function rbdTrashRemove(client: CephClient, pool: string, id: string): Command {
  return rbd(client, 'trash', 'rm', '--no-progress', `${pool}/${id}`);
}

/** Copies what it leans on into it. Prints its progress. */
export function rbdFlatten(client: CephClient, spec: string): Command {
  return rbd(client, 'flatten', spec);
}

/** Never with `--force`, which flattens the clones of a protected snapshot and then removes it. */
export function rbdSnapshot(
  client: CephClient,
  action: 'create' | 'rm',
  snapshot: string,
): Command {
  return rbd(client, 'snap', action, '--no-progress', snapshot);
}

export function rbdProtection(
  client: CephClient,
  action: 'protect' | 'unprotect',
  snapshot: string,
): Command {
  return rbd(client, 'snap', action, snapshot);
}

/** Brings back content and size; the snapshot stays. Prints its progress. */
export function rbdRollBack(client: CephClient, snapshot: string): Command {
  return rbd(client, 'snap', 'rollback', snapshot);
}

/** Writes over the whole image, from its start to its end, in pieces of `pieceBytes`. */
export function rbdOverwrite(
  client: CephClient,
  spec: string,
  { sizeBytes, pieceBytes }: { sizeBytes: number; pieceBytes: number },
): Command {
  const sizes = ['--io-size', bytes(pieceBytes), '--io-total', bytes(sizeBytes)];
  const way = ['--io-type', 'write', '--io-pattern', 'seq', '--io-threads', '1'];
  return rbd(client, 'bench', ...way, ...sizes, spec);
}

function bytes(size: number): string {
  return `${size}B`;
}

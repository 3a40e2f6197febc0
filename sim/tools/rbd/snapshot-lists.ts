/** `rbd snap ls` and `rbd children`. Recorded in fixtures/rbd-16.2/snapshots.json and clones.json. */
import { nameOf, type Namespace } from '../../cluster/namespace.ts';
import { success, type ToolResult } from '../program.ts';
import { anySpec, imageSpec, type RbdArguments } from './arguments.ts';
import { refused } from './failure.ts';
import { findSnapshot, openImage } from './open.ts';
import { ctime } from './output.ts';
import { connect, type RbdContext, type Steps } from './session.ts';

export function* list(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const session = yield* connect(context, args);
  const { image } = yield* openImage(session, spec, 'read');
  const found = image.snapshots.map(({ id, name, content, protection, createdMs }) => ({
    id,
    name,
    size: content.sizeBytes,
    protected: String(protection === 'protected'),
    timestamp: ctime(createdMs),
  }));
  return success(`${JSON.stringify(found)}\n`);
}

/** Clones in every pool that the user can read. */
export function* children(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = anySpec(args);
  const isAll = args.flags.has('all');
  const session = yield* connect(context, args);
  const { image, namespace } = yield* openImage(session, spec, 'read');
  const asked = spec.snapshot === undefined ? undefined : findSnapshot(image, spec.snapshot);
  if (spec.snapshot !== undefined && asked === undefined) {
    throw refused('ENOENT', 'error setting snapshot context: (2) No such file or directory');
  }
  const found = (asked === undefined ? image.snapshots : [asked])
    .flatMap(({ id }) => session.cluster.childrenOf(namespace, image, id))
    .map(({ namespace: where, id }) => ({
      pool: where.pool.name,
      pool_namespace: where.name,
      image: nameById(where, id),
      ...(isAll ? { id, trash: where.trash.has(id) } : {}),
    }))
    .sort((a, b) =>
      compare(
        `${a.pool}/${a.pool_namespace}/${a.image}`,
        `${b.pool}/${b.pool_namespace}/${b.image}`,
      ),
    );
  return success(`${JSON.stringify(found)}\n`);
}

function nameById({ headers }: Namespace, id: string): string {
  const image = headers.get(id);
  return (image === undefined ? undefined : nameOf(image)) ?? '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `rbd trash …` and `rbd namespace …`. Recorded in fixtures/rbd-16.2/basics.json, removing.json and namespaces.json. */
import { addNamespace } from '../../cluster/namespace.ts';
import { errno } from '../../volume/errno.ts';
import { success, type ToolResult } from '../program.ts';
import { imageSpec, type RbdArguments, type Shape } from './arguments.ts';
import { codeOf, errnoWords, failed, logged, refused, rethrow, RbdFailure } from './failure.ts';
import { openImage } from './open.ts';
import { moveToTrash, removeFromTrash } from './remove.ts';
import {
  connect,
  findNamespace,
  progress,
  read,
  write,
  type RbdContext,
  type Steps,
} from './session.ts';

export const trashShape: Shape = { words: 1, flags: ['all', 'long'] };

export function* move(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const session = yield* connect(context, args);
  try {
    const open = yield* openImage(session, spec, 'write', 'deferred delete error');
    yield* moveToTrash(session, open, 'user');
  } catch (error) {
    rethrow(error, 'deferred delete error');
  }
  return success();
}

/** Those on their way out by `rbd rm` are not shown, not even with `--all` (removing.json). */
export function* list(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const [pool = args.pool, name = ''] = args.words[0]?.split('/') ?? [];
  const session = yield* connect(context, args);
  const { trash } = findNamespace(session, { pool, namespace: name });
  const step = { name: 'list trash', subject: pool ?? '' };
  const found = yield* read(session, step, () =>
    [...trash]
      .filter(([, { source }]) => source === 'user')
      .map(([id, entry]) => ({ id, name: entry.name })),
  );
  return success(`${JSON.stringify(found)}\n`);
}

export function* restore(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const [id = ''] = args.words;
  const session = yield* connect(context, args);
  const namespace = findNamespace(session, { pool: args.pool, namespace: '' });
  const entry = namespace.trash.get(id);
  try {
    yield* write(session, namespace, { name: 'restore image', subject: id }, () => {
      if (entry === undefined) throw errno('ENOENT');
      if (namespace.ids.has(entry.name)) throw errno('EEXIST');
      namespace.trash.delete(id);
      namespace.directory.set(entry.name, id);
      session.cluster.setId(namespace, entry.name, id);
    });
  } catch (error) {
    rethrow(error, 'restore error');
  }
  return success();
}

export function* remove(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const words = args.words[0]?.split('/') ?? [];
  const id = words.pop() ?? '';
  const [pool = args.pool, name = ''] = words;
  const session = yield* connect(context, args);
  const namespace = findNamespace(session, { pool, namespace: name });
  const bar = progress(session, 'Removing image', true);
  if (!namespace.trash.has(id)) {
    const why = `error getting image id ${id} info from trash: ${errnoWords('ENOENT')}`;
    const log = logged(`librbd::api::Trash: remove: ${why}`);
    throw new RbdFailure(2, `${log}rbd: remove error: ${errnoWords('ENOENT')}\n${bar.trimEnd()}`);
  }
  try {
    yield* removeFromTrash(session, namespace, id, namespace.headers.get(id));
  } catch (error) {
    rethrow(error, 'remove error');
  }
  return { ...success(), stderr: progress(session, 'Removing image') };
}

export const namespaceShape: Shape = { words: 1 };

export function* namespaceCreate(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const [pool = '', name = ''] = args.words[0]?.split('/') ?? [];
  const session = yield* connect(context, args);
  const root = findNamespace(session, { pool, namespace: '' });
  try {
    yield* write(session, root, { name: 'create namespace', subject: name }, () => {
      if (root.pool.namespaces.has(name)) throw errno('EEXIST');
      addNamespace(root.pool, name);
    });
  } catch (error) {
    const log = `librbd::api::Namespace: create: failed to add namespace: ${errnoWords('EEXIST')}`;
    const code = codeOf(error);
    throw code === undefined ? error : failed(code, 'failed to created namespace', log);
  }
  return success();
}

export function* namespaceList(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const session = yield* connect(context, args);
  const { pool } = findNamespace(session, { pool: args.words[0], namespace: '' });
  const names = [...pool.namespaces.keys()].filter((name) => name !== '');
  return success(`${JSON.stringify(names.map((name) => ({ name })))}\n`);
}

export function* namespaceRemove(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const [pool = '', name = ''] = args.words[0]?.split('/') ?? [];
  const session = yield* connect(context, args);
  const namespace = findNamespace(session, { pool, namespace: name });
  if (namespace.headers.size > 0) {
    throw refused('EBUSY', 'rbd: namespace contains images which must be deleted first.');
  }
  yield* write(session, namespace, { name: 'remove namespace', subject: name }, () => {
    namespace.pool.namespaces.delete(name);
  });
  return success();
}

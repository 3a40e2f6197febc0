/** `rbd image-meta …` and `rbd lock …`. Recorded in fixtures/rbd-16.2/basics.json and remove.json. */
import { errno } from '../../volume/errno.ts';
import { specOf } from '../../cluster/namespace.ts';
import { success, type ToolResult } from '../program.ts';
import { imageSpec, type RbdArguments, type Shape } from './arguments.ts';
import { codeOf, failed, refused, rethrow } from './failure.ts';
import { change, openImage } from './open.ts';
import { connect, read, write, type RbdContext, type Steps } from './session.ts';

export const metadataShape: Shape = { words: 3 };

export function* set(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const [, key = '', value = ''] = args.words;
  const session = yield* connect(context, args);
  const open = yield* openImage(session, spec, 'write');
  try {
    yield* change(session, open, 'set metadata', () => {
      open.image.metadata.set(key, value);
    });
  } catch (error) {
    rethrow(error, 'setting metadata failed');
  }
  yield { name: 'close image', subject: specOf(open.namespace, open.name) };
  return success();
}

export function* get(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const [, key = ''] = args.words;
  const session = yield* connect(context, args);
  const { image } = yield* openImage(session, spec, 'read');
  const value = image.metadata.get(key);
  if (value !== undefined) return success(`${value}\n`);
  throw refused(
    'ENOENT',
    `failed to get metadata ${key} of image : (2) No such file or directory`,
    'rbd: getting metadata failed: (2) No such file or directory',
  );
}

export function* list(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const session = yield* connect(context, args);
  const { image } = yield* openImage(session, spec, 'read');
  const { metadata } = image;
  // Nothing at all where there is none, JSON or not.
  if (metadata.size === 0) return success();
  const sorted = [...metadata].sort(([a], [b]) => (a < b ? -1 : 1));
  return success(`${JSON.stringify(Object.fromEntries(sorted))}\n`);
}

export function* remove(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const [, key = ''] = args.words;
  const session = yield* connect(context, args);
  const open = yield* openImage(session, spec, 'write');
  try {
    yield* change(session, open, 'remove metadata', () => {
      if (!open.image.metadata.delete(key)) throw errno('ENOENT');
    });
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') rethrow(error, 'removing metadata failed');
    throw refused(
      'ENOENT',
      `rbd: no existing metadata key ${key} of image : (2) No such file or directory`,
      'rbd: removing metadata failed: (2) No such file or directory',
    );
  }
  return success();
}

export const lockShape: Shape = { words: 3 };

export function* lockAdd(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const [, id = ''] = args.words;
  const session = yield* connect(context, args);
  const { image, namespace, name } = yield* openImage(session, spec, 'read');
  if (image.lock !== undefined) {
    throw refused('EBUSY', 'rbd: lock is already held by someone else');
  }
  const step = { name: 'add lock', subject: specOf(namespace, name) };
  yield* write(session, namespace, step, () => {
    image.lock = { client: session.client, id, isManual: true };
  });
  return success();
}

export function* lockList(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const session = yield* connect(context, args);
  const { image } = yield* openImage(session, spec, 'read');
  const { lock } = image;
  const locks =
    lock === undefined
      ? []
      : [{ id: lock.id, locker: `client.${lock.client.number}`, address: lock.client.address }];
  return success(`${JSON.stringify(locks)}\n`);
}

export function* lockRemove(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const [, id, locker] = args.words;
  if (locker === undefined) throw refused('EINVAL', 'rbd: locker was not specified');
  const session = yield* connect(context, args);
  const { image, namespace, name } = yield* openImage(session, spec, 'read');
  try {
    const step = { name: 'break lock', subject: specOf(namespace, name) };
    yield* read(session, step, () => {
      const { lock } = image;
      if (lock === undefined || lock.id !== id) throw errno('ENOENT');
      if (!lock.isManual) lock.client.isBlocklisted = true;
      image.lock = undefined;
    });
  } catch (error) {
    const code = codeOf(error);
    throw code === undefined ? error : failed(code, 'releasing lock failed');
  }
  return success();
}

/**
 * `rbd clone` and `rbd flatten` of clones of format 1. Recorded in fixtures/rbd-16.2/clones.json and killed-steps.json:
 * a clone that is killed may be an image without a parent (its bytes are zeros), or one that its parent does not know of
 * (so that the parent's snapshot can be unprotected, and removed, from under it).
 */
import type { ClusterImage } from '../../cluster/image.ts';
import { childrenKey, type Namespace, specOf } from '../../cluster/namespace.ts';
import { errno } from '../../volume/errno.ts';
import { success, type ToolResult } from '../program.ts';
import { imageSpec, snapshotSpec, type RbdArguments, type Shape } from './arguments.ts';
import { addImage, newImage } from './create.ts';
import { codeOf, errnoWords, failed, RbdFailure, refused } from './failure.ts';
import { acquireLock, findSnapshot, openImage, type OpenImage } from './open.ts';
import {
  connect,
  findNamespace,
  progress,
  read,
  write,
  type RbdContext,
  type Session,
  type Steps,
} from './session.ts';

export const cloneShape: Shape = {
  words: 2,
  values: ['image-feature', 'object-size', 'dest-pool', 'dest', 'rbd-default-clone-format'],
};

export function* clone(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const source = snapshotSpec(args);
  const target = imageSpec(args, args.words[1] ?? args.values.get('dest'));
  const session = yield* connect(context, args);
  const from = findNamespace(session, source);
  const namespace = findNamespace(session, target);
  if (from.pool === namespace.pool && from.name !== namespace.name) {
    throw refused('EXDEV', 'rbd: clone v2 required for cross-namespace clones.');
  }
  const parent = yield* openImage(session, source, 'read', 'clone error');
  const snapshot = findSnapshot(parent.image, source.snapshot);
  if (snapshot === undefined) throw noSnapshot(source.snapshot);
  if (snapshot.protection !== 'protected') {
    throw failed(
      'EINVAL',
      'clone error',
      cloneLog('validate_parent: parent snapshot must be protected'),
    );
  }
  const image = newImage(session, namespace, snapshot.content.sizeBytes, args);
  const subject = specOf(namespace, target.image);
  try {
    yield* addImage(session, namespace, target.image, image);
  } catch (error) {
    const code = codeOf(error);
    throw code === undefined
      ? error
      : failed(
          code,
          'clone error',
          cloneLog(`handle_create_child: error creating child: ${errnoWords(code)}`),
        );
  }
  const child: OpenImage = { namespace, name: target.image, image };
  image.watchers.add(session.client);
  try {
    yield* write(session, namespace, { name: 'attach parent', subject }, () => {
      image.parent = { image: parent.image, snapshotId: snapshot.id };
      session.cluster.setContent(image, snapshot.content);
    });
    yield* write(session, namespace, { name: 'attach child', subject }, () => {
      addChild(namespace, childrenKey(from, parent.image.id, snapshot.id), image.id);
      parent.image.wasCloned = true;
    });
    // The protection is looked at again, now that whoever takes it off can see the child.
    const isProtected = yield* read(
      session,
      { name: 'look at the protection', subject },
      () => findSnapshot(parent.image, source.snapshot)?.protection === 'protected',
    );
    if (!isProtected) throw errno('EINVAL');
    yield { name: 'close image', subject };
    return success();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    yield* undo(session, child);
    throw failed(code, 'clone error', cloneLog('handle_attach_child: failed to attach parent'));
  }
}

function noSnapshot(name: string): RbdFailure {
  return failed(
    'ENOENT',
    'clone error',
    `librbd::image::RefreshRequest: failed to locate snapshot: ${name}`,
    `librbd::image::OpenRequest: failed to find snapshot ${name}`,
    cloneLog('handle_open_parent: failed to open parent image: (2) No such file or directory'),
  );
}

function cloneLog(text: string): string {
  return `librbd::image::CloneRequest: 0x0 ${text}`;
}

function addChild({ children }: Namespace, key: string, id: string): void {
  const known = children.get(key);
  if (known === undefined) children.set(key, new Set([id]));
  else known.add(id);
}

/** The parent forgets it. */
export function removeChild({ children }: Namespace, { id, parent }: ClusterImage): void {
  if (parent === undefined) return;
  children.get(childrenKey(parent.image.namespace, parent.image.id, parent.snapshotId))?.delete(id);
}

/** A clone that did not come to be is removed, as far as the cluster lets it. */
function* undo(session: Session, { namespace, name, image }: OpenImage): Steps<void> {
  const { cluster } = session;
  const step = { name: 'take the clone back', subject: specOf(namespace, name) };
  try {
    yield* write(session, namespace, step, () => {
      removeChild(namespace, image);
      cluster.removeId(namespace, name);
      namespace.directory.delete(name);
      cluster.removeHeader(image);
    });
  } catch (error) {
    if (codeOf(error) === undefined) throw error;
  }
}

export const flattenShape: Shape = { words: 1 };

const bytesPerMs = 2 ** 18;

export function* flatten(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const session = yield* connect(context, args);
  const open = yield* openImage(session, spec, 'write');
  const { namespace, image } = open;
  const subject = specOf(namespace, open.name);
  const fail = (code: string, ...log: readonly string[]) => {
    const bar = progress(session, 'Image flatten', true);
    const { result } = failed(code, 'flatten error', ...log);
    return new RbdFailure(result.exitCode, `${bar}${result.stderr.trimEnd()}`);
  };
  if (image.parent === undefined) throw fail('EINVAL', 'librbd::Operations: image has no parent');
  try {
    yield* acquireLock(session, open);
    const takesMs = 20 + image.content.extents.length * (2 ** 22 / bytesPerMs);
    yield* write(session, namespace, { name: 'copy up', subject, takesMs }, () => {});
    yield* write(session, namespace, { name: 'detach child', subject }, () => {
      removeChild(namespace, image);
    });
    yield* write(session, namespace, { name: 'detach parent', subject }, () => {
      image.parent = undefined;
      session.cluster.changed(image);
    });
    yield { name: 'close image', subject };
  } catch (error) {
    const code = codeOf(error);
    throw code === undefined ? error : fail(code);
  }
  return { ...success(), stderr: progress(session, 'Image flatten') };
}

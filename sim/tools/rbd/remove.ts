/**
 * `rbd rm` and `rbd trash`. Recorded in fixtures/rbd-16.2/remove.json, snapshots.json and killed-steps.json: an image
 * goes by way of the trash, where one that is killed leaves it; doing it again by the name goes on from there.
 */
import type { ClusterImage } from '../../cluster/image.ts';
import { imageNamed, type Namespace, specOf } from '../../cluster/namespace.ts';
import { errno } from '../../volume/errno.ts';
import { success, type ToolResult } from '../program.ts';
import { imageSpec, type RbdArguments, type Shape } from './arguments.ts';
import { removeChild } from './clone.ts';
import { codeOf, errnoWords, failed, logged, RbdFailure } from './failure.ts';
import { acquireLock, watch, watchLog, type OpenImage } from './open.ts';
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

export const removeShape: Shape = { words: 1 };

const label = 'Removing image';

export function* remove(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const session = yield* connect(context, args);
  const namespace = findNamespace(session, spec);
  const { image: name } = spec;
  try {
    const image = yield* read(session, step('open image', namespace, name), () =>
      imageNamed(namespace, name),
    );
    if (image === undefined) yield* removeRest(session, namespace, name);
    else {
      watch(session, { namespace, name, image });
      yield* removeOpen(session, { namespace, name, image });
    }
    yield step('disconnect', namespace, name);
  } catch (error) {
    throw removeFailure(session, error);
  }
  return { ...success(), stderr: progress(session, label) };
}

function step(name: string, namespace: Namespace, image: string) {
  return { name, subject: specOf(namespace, image) };
}

const explanations: Readonly<Record<string, string>> = {
  EBUSY:
    'rbd: error: image still has watchers\nThis means the image is still open or the client using it crashed. Try again after closing/unmapping it or waiting 30s for the crashed client to timeout.',
  ENOTEMPTY:
    "rbd: image has snapshots - these must be deleted with 'rbd snap purge' before the image can be removed.",
};

function removeFailure(session: Session, error: unknown): unknown {
  const code = codeOf(error);
  if (code === undefined) return error;
  const { exitCode } = failed(code, '').result;
  const log = (code === 'EBUSY' ? [watchersLog] : watchLog(error)).map(logged).join('');
  const text = explanations[code] ?? `rbd: delete error: ${errnoWords(code)}`;
  return new RbdFailure(exitCode, `${log}${progress(session, label, true)}${text}`);
}

const watchersLog =
  'librbd::image::PreRemoveRequest: 0x0 check_image_watchers: image has watchers - not removing\n';

/** Throws ENOTEMPTY for one with snapshots, EBUSY for one that somebody else has open. */
export function* removeOpen(session: Session, { namespace, name, image }: OpenImage): Steps<void> {
  const { cluster, client } = session;
  yield* waitForLock(session, { namespace, name, image });
  yield* read(session, step('look for watchers', namespace, name), () => {
    if (image.snapshots.length > 0) throw errno('ENOTEMPTY');
    if (cluster.watchersOf(image).some((other) => other !== client)) throw errno('EBUSY');
  });
  const isListed = namespace.directory.get(name) === image.id;
  yield* moveToTrash(session, { namespace, name, image }, 'removing');
  yield* removeFromTrash(session, namespace, image.id, image);
  // By a name that no list has, it says that there is none, and has removed it all the same (half-made.json).
  if (!isListed) throw errno('ENOENT');
}

/** One that was taken by hand is waited for without an end. */
function* waitForLock(session: Session, open: OpenImage): Steps<void> {
  while (open.image.lock?.isManual === true) {
    yield { name: 'wait for the exclusive lock', subject: open.image.id, takesMs: 3_600_000 };
  }
  yield* acquireLock(session, open);
}

export function* moveToTrash(
  session: Session,
  { namespace, name, image }: OpenImage,
  source: 'user' | 'removing',
): Steps<void> {
  const { cluster, context } = session;
  const { trash, ids, directory } = namespace;
  yield* write(session, namespace, step('add to trash', namespace, name), () => {
    // Somebody else was faster.
    if (ids.get(name) !== image.id) throw errno('ESTALE');
    trash.set(image.id, { name, source, deletedMs: context.nowMs });
  });
  yield* write(session, namespace, step('remove name', namespace, name), () => {
    if (ids.get(name) === image.id) cluster.removeId(namespace, name);
  });
  yield* write(session, namespace, step('remove from directory', namespace, name), () => {
    if (directory.get(name) === image.id) directory.delete(name);
  });
}

export function* removeFromTrash(
  session: Session,
  namespace: Namespace,
  id: string,
  image: ClusterImage | undefined,
): Steps<void> {
  const { cluster } = session;
  const { trash } = namespace;
  if (image !== undefined) {
    yield* write(session, namespace, { name: 'detach child', subject: id }, () => {
      removeChild(namespace, image);
      image.parent = undefined;
    });
    yield* write(session, namespace, { name: 'remove header', subject: id, takesMs: 30 }, () => {
      cluster.removeHeader(image);
    });
  }
  yield* write(session, namespace, { name: 'remove from trash', subject: id }, () => {
    trash.delete(id);
  });
}

/** What a removal or a creation that was broken off has left under a name. */
function* removeRest(session: Session, namespace: Namespace, name: string): Steps<void> {
  const { trash, directory, ids, headers } = namespace;
  for (const [id, entry] of trash) {
    if (entry.name !== name || entry.source !== 'removing') continue;
    return yield* removeFromTrash(session, namespace, id, headers.get(id));
  }
  if (!directory.has(name) && !ids.has(name)) throw errno('ENOENT');
  yield* write(session, namespace, step('remove the rest', namespace, name), () => {
    ids.delete(name);
    directory.delete(name);
  });
}

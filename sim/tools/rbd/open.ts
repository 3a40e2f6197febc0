/** Opening images, and the exclusive lock of who changes them (fixtures/rbd-16.2/remove.json and killed.json). */
import { believedUntilUs } from '../../cluster/client.ts';
import { parentSnapshot, type ClusterImage, type ClusterSnapshot } from '../../cluster/image.ts';
import { imageNamed, specOf, type Namespace } from '../../cluster/namespace.ts';
import { errno } from '../../volume/errno.ts';
import type { Spec } from './arguments.ts';
import { codeOf, errnoWords, refused, rethrow } from './failure.ts';
import { findNamespace, read, write, type Session, type Steps } from './session.ts';

export interface OpenImage {
  readonly namespace: Namespace;
  readonly name: string;
  readonly image: ClusterImage;
}

/** @param what what the command says when it cannot, when it does not say that it cannot open it
 * @param log what librbd logs of it */
export function* openImage(
  session: Session,
  spec: Spec,
  access: 'read' | 'write',
  what = `error opening image ${spec.image}`,
  log: (code: string) => readonly string[] = () => [],
): Steps<OpenImage> {
  const namespace = findNamespace(session, spec);
  const { image: name } = spec;
  const step = { name: 'open image', subject: specOf(namespace, name) };
  try {
    const image = yield* read(session, step, () => imageNamed(namespace, name));
    // A clone whose parent was removed from under it cannot be opened any more.
    if (image === undefined || isOrphan(image)) throw errno('ENOENT');
    if (access === 'write') watch(session, { namespace, name, image });
    return { namespace, name, image };
  } catch (error) {
    rethrow(error, what, ...watchLog(error), ...log(codeOf(error) ?? ''));
  }
}

/** Only who wants to change it watches it, and only that is not allowed to everybody. */
export function watchLog(error: unknown): readonly string[] {
  if (codeOf(error) !== 'EPERM') return [];
  const words = errnoWords('EPERM');
  return [
    `librbd::Watcher: 0x0 handle_register_watch: failed to register watch: ${words}`,
    `librbd::ImageState: 0x0 failed to open image: ${words}`,
  ];
}

function isOrphan(image: ClusterImage): boolean {
  return image.parent !== undefined && parentSnapshot(image) === undefined;
}

export function watch({ cluster, client }: Session, { namespace, image }: OpenImage): void {
  const { name } = namespace.pool;
  if (cluster.access(client.user, name) !== 'write') throw errno('EPERM');
  image.watchers.add(client);
}

export function findSnapshot(
  { snapshots }: ClusterImage,
  name: string,
): ClusterSnapshot | undefined {
  return snapshots.find((known) => known.name === name);
}

/** For commands that read one. */
export function requireSnapshot({ image }: OpenImage, name: string | undefined): ClusterSnapshot {
  const snapshot = name === undefined ? undefined : findSnapshot(image, name);
  if (snapshot !== undefined) return snapshot;
  throw refused('ENOENT', 'error setting snapshot context: (2) No such file or directory');
}

/**
 * Takes the exclusive lock. One that a dead client holds is waited for until its watch is over; one that somebody took by
 * hand is never given back. Resolves to false when a guest holds it, and does for others what they ask for.
 */
export function* acquireLock(session: Session, { image }: OpenImage): Steps<boolean> {
  const { cluster, client } = session;
  for (;;) {
    const { lock } = image;
    if (lock === undefined || lock.client === client) break;
    if (lock.isManual) throw errno('EROFS');
    const untilUs = believedUntilUs(lock.client);
    if (untilUs === Infinity) {
      if (lock.client.isGuest) return false;
      // It lives, and hands the lock over.
      break;
    }
    if (untilUs <= cluster.nowUs) {
      lock.client.isBlocklisted = true;
      image.watchers.delete(lock.client);
      break;
    }
    const takesMs = (untilUs - cluster.nowUs) / 1000;
    yield { name: 'wait for the exclusive lock', subject: image.id, takesMs };
  }
  image.lock = { client, id: `auto ${client.number}`, isManual: false };
  return true;
}

/** Opens it for a change, takes the lock, and makes the change by one request. */
export function* change<Value>(
  session: Session,
  open: OpenImage,
  name: string,
  effect: () => Value,
): Steps<Value> {
  const { namespace } = open;
  yield* acquireLock(session, open);
  const step = { name, subject: specOf(namespace, open.name), takesMs: 20 };
  return yield* write(session, namespace, step, effect);
}

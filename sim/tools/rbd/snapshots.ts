/** `rbd snap …` and `rbd children`. Recorded in fixtures/rbd-16.2/snapshots.json, clones.json and killed-steps.json. */
import type { ClusterSnapshot } from '../../cluster/image.ts';
import { errno } from '../../volume/errno.ts';
import { specOf } from '../../cluster/namespace.ts';
import { success, type ToolResult, type ToolStep } from '../program.ts';
import { imageSpec, snapshotSpec, type RbdArguments, type Shape } from './arguments.ts';
import { codeOf, errnoWords, failed, logged, refused, RbdFailure, rethrow } from './failure.ts';
import { acquireLock, change, findSnapshot, openImage, type OpenImage } from './open.ts';
import { connect, progress, write, type RbdContext, type Session, type Steps } from './session.ts';

type Command = (context: RbdContext, args: RbdArguments) => Steps<ToolResult>;

export const snapshotShape: Shape = { words: 1, flags: ['all', 'force'] };
export const snapshotRenameShape: Shape = { words: 2 };

/** Opens the image of a snapshot for a change; closes it at the end, so that a kill can land behind the change. */
function onSnapshot(
  label: string | undefined,
  work: (session: Session, open: OpenImage, name: string, args: RbdArguments) => Steps<void>,
): Command {
  return function* command(context, args) {
    const spec = snapshotSpec(args);
    const session = yield* connect(context, args);
    const open = yield* openImage(session, spec, 'write');
    try {
      yield* work(session, open, spec.snapshot, args);
    } catch (error) {
      if (label === undefined || !(error instanceof RbdFailure)) throw error;
      const { exitCode, stderr } = error.result;
      throw new RbdFailure(exitCode, `${progress(session, label, true)}${stderr.trimEnd()}`);
    }
    yield closing(open);
    return { ...success(), stderr: label === undefined ? '' : progress(session, label) };
  };
}

function closing({ namespace, name }: OpenImage): ToolStep {
  return { name: 'close image', subject: specOf(namespace, name) };
}

export const create = onSnapshot('Creating snap', function* create(session, open, name) {
  const { cluster, context } = session;
  const { image } = open;
  try {
    yield* change(session, open, 'create snapshot', () => {
      if (findSnapshot(image, name) !== undefined) throw errno('EEXIST');
      image.snapshots.push(cluster.newSnapshot(image, name, context.nowMs));
      cluster.changed(image);
    });
  } catch (error) {
    rethrow(error, 'failed to create snapshot');
  }
});

export const remove = onSnapshot('Removing snap', function* remove(session, open, name, args) {
  const { image } = open;
  try {
    if (args.flags.has('force')) yield* force(session, open, name);
    yield* change(session, open, 'remove snapshot', () => {
      const snapshot = findSnapshot(image, name);
      if (snapshot === undefined) throw errno('ENOENT');
      if (snapshot.protection !== 'unprotected') throw errno('EBUSY');
      image.snapshots.splice(image.snapshots.indexOf(snapshot), 1);
      session.cluster.changed(image);
    });
  } catch (error) {
    if (codeOf(error) !== 'EBUSY') rethrow(error, 'failed to remove snapshot');
    const log = logged('librbd::Operations: snapshot is protected');
    throw refused('EBUSY', `${log}rbd: snapshot '${name}' is protected from removal.`);
  }
});

/** Takes children and protection off first: the surprise of `--force`. */
function* force(session: Session, open: OpenImage, name: string): Steps<void> {
  const { image, namespace } = open;
  const snapshot = findSnapshot(image, name);
  if (snapshot === undefined || snapshot.protection === 'unprotected') return;
  for (const { namespace: where, id } of session.cluster.childrenOf(
    namespace,
    image,
    snapshot.id,
  )) {
    const child = where.headers.get(id);
    yield* write(session, where, { name: 'flatten child', subject: id }, () => {
      if (child === undefined) return;
      for (const ids of where.children.values()) ids.delete(id);
      child.parent = undefined;
    });
  }
  yield* takeOff(session, open, snapshot);
}

export const protect = onSnapshot(undefined, function* protect(session, open, name) {
  const { image } = open;
  try {
    yield* change(session, open, 'protect snapshot', () => {
      const snapshot = findSnapshot(image, name);
      if (snapshot === undefined) throw errno('ENOENT');
      if (snapshot.protection === 'protected') throw errno('EBUSY');
      snapshot.protection = 'protected';
      session.cluster.changed(image);
    });
  } catch (error) {
    if (codeOf(error) === 'EBUSY') throw refused('EBUSY', 'rbd: snap is already protected');
    rethrow(error, 'protecting snap failed');
  }
});

export const unprotect = onSnapshot(undefined, function* unprotect(session, open, name) {
  const { image, namespace } = open;
  const log: string[] = [];
  try {
    const snapshot = findSnapshot(image, name);
    if (snapshot === undefined) throw errno('ENOENT');
    if (snapshot.protection === 'unprotected') throw errno('EINVAL');
    yield* change(session, open, 'begin to unprotect', () => {
      snapshot.protection = 'unprotecting';
      session.cluster.changed(image);
    });
    const clones = session.cluster.childrenOf(namespace, image, snapshot.id);
    if (clones.length > 0) {
      yield* change(session, open, 'protect again', () => {
        snapshot.protection = 'protected';
        session.cluster.changed(image);
      });
      log.push(...unprotectLog(clones));
      throw errno('EBUSY');
    }
    yield* takeOff(session, open, snapshot);
  } catch (error) {
    if (codeOf(error) === 'EINVAL') throw refused('EINVAL', 'rbd: snap is already unprotected');
    rethrow(error, 'unprotecting snap failed', ...log);
  }
});

function* takeOff(session: Session, open: OpenImage, snapshot: ClusterSnapshot): Steps<void> {
  yield* change(session, open, 'unprotect snapshot', () => {
    snapshot.protection = 'unprotected';
    session.cluster.changed(open.image);
  });
}

function unprotectLog(
  clones: readonly { namespace: { pool: { name: string } }; id: string }[],
): readonly string[] {
  const pools = new Map<string, string[]>();
  for (const { namespace, id } of clones) {
    const { name } = namespace.pool;
    pools.set(name, [...(pools.get(name) ?? []), id]);
  }
  const request = 'librbd::SnapshotUnprotectRequest:';
  const found = [...pools].map(
    ([pool, ids]) =>
      `${request} cannot unprotect: at least ${ids.length} child(ren) [${ids.join(',')}] in pool '${pool}'`,
  );
  const completed = `${request} 0x0 should_complete_error: ret_val=-16`;
  return [...found, `${request} encountered error: ${errnoWords('EBUSY')}`, completed, completed];
}

export const rollback = onSnapshot(
  'Rolling back to snapshot',
  function* rollback(session, open, name) {
    const { cluster } = session;
    const { image, namespace } = open;
    const subject = specOf(namespace, open.name);
    const log: string[] = [];
    try {
      const snapshot = findSnapshot(image, name);
      if (snapshot === undefined) {
        log.push('librbd::Operations: No such snapshot found.');
        throw errno('ENOENT');
      }
      if (!(yield* acquireLock(session, open))) throw errno('EROFS');
      const { content } = snapshot;
      const takesMs = 20 + content.extents.length * 5;
      if (image.content.sizeBytes !== content.sizeBytes) {
        yield* write(session, namespace, { name: 'roll back size', subject }, () => {
          const { extents } = image.content;
          const sizeBytes = content.sizeBytes;
          cluster.setContent(image, {
            kind: 'raw',
            sizeBytes,
            extents: extents.filter(({ at, length }) => at + length <= sizeBytes),
          });
        });
      }
      // Object by object: one that is killed leaves some of them as they were.
      yield* write(session, namespace, { name: 'roll back first half', subject, takesMs }, () => {
        const middle = content.sizeBytes / 2;
        const extents = [
          ...content.extents.filter(({ at }) => at < middle),
          ...image.content.extents.filter(({ at }) => at >= middle),
        ];
        cluster.setContent(image, { ...content, extents });
      });
      yield* write(session, namespace, { name: 'roll back second half', subject, takesMs }, () => {
        cluster.setContent(image, content);
      });
    } catch (error) {
      rethrow(error, 'rollback failed', ...log);
    }
  },
);

export function* rename(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const source = snapshotSpec(args);
  const target = snapshotSpec(args, args.words[1]);
  const session = yield* connect(context, args);
  const open = yield* openImage(session, source, 'write');
  try {
    yield* change(session, open, 'rename snapshot', () => {
      const snapshot = findSnapshot(open.image, source.snapshot);
      if (snapshot === undefined) throw errno('ENOENT');
      if (findSnapshot(open.image, target.snapshot) !== undefined) throw errno('EEXIST');
      snapshot.name = target.snapshot;
      session.cluster.changed(open.image);
    });
  } catch (error) {
    rethrow(error, 'renaming snap failed');
  }
  yield closing(open);
  return success();
}

export function* purge(context: RbdContext, args: RbdArguments): Steps<ToolResult> {
  const spec = imageSpec(args);
  const session = yield* connect(context, args);
  const open = yield* openImage(session, spec, 'write');
  const label = 'Removing all snapshots';
  const { image } = open;
  if (image.snapshots.length === 0) return success();
  try {
    for (const snapshot of [...image.snapshots]) {
      if (snapshot.protection !== 'unprotected') continue;
      yield* change(session, open, 'remove snapshot', () => {
        const index = image.snapshots.indexOf(snapshot);
        if (index >= 0) image.snapshots.splice(index, 1);
        session.cluster.changed(image);
      });
    }
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const { exitCode } = failed(code, '').result;
    const bar = progress(session, label, true);
    throw new RbdFailure(exitCode, `${bar}rbd: removing snaps failed: ${errnoWords(code)}`);
  }
  yield closing(open);
  const left = image.snapshots.map(({ name }) => `'${name}'`).join(', ');
  if (left === '') return { ...success(), stderr: progress(session, label) };
  const stdout = `rbd: error removing snapshot(s) ${left}, which is protected - these must be unprotected with \`rbd snap unprotect\`.\n`;
  return { exitCode: 0, stdout, stderr: progress(session, label, true) };
}

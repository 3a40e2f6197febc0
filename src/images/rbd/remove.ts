/** Takes images out of the cluster for good. */
import { PlatterError } from '../../errors.ts';
import type { Session } from '../../operations/step.ts';
import type { Clock } from '../../ports/clock.ts';
import { rbdProtection, rbdRemove, rbdSnapshot, rbdTrashRemove } from '../../tools/rbd/argv.ts';
import type { RbdSnapshot } from '../../tools/rbd/output.ts';
import { baseNameOf, parentOf } from '../../workspace/area.ts';
import type { Cluster } from './cluster.ts';
import { isAbsent } from './run-rbd.ts';

/**
 * How long a client that has died is remembered as one that has the image open: 30 s unless the cluster says otherwise
 * (osd_client_watch_timeout). As in Nova (B111), what is busy is tried again for about that long.
 */
export const busyMs = 45_000;
const pauseMs = 1000;

/**
 * Removes an image of platter's own with its snapshots; one that is not there is removed already. While somebody has it
 * open it is tried again, for as long as it is `stillToGo`.
 */
export async function removeImage(
  session: Session,
  cluster: Cluster,
  spec: string,
  stillToGo: () => Promise<boolean> = () => Promise.resolve(true),
): Promise<void> {
  const command = rbdRemove(cluster.client, spec);
  const act = () => cluster.change(session, command, 'remove the image');
  const remove = () => ifThere(() => whileBusy(session, act, stillToGo));
  const opens = await ifThere(async () => {
    for (const snapshot of await cluster.snapshots(spec)) {
      await removeSnapshot(session, cluster, spec, snapshot);
    }
  });
  if (opens) {
    await remove();
    return;
  }
  // A tool that was killed may have left the name without its image, for ever taken. One that had got the image into the
  // trash is carried on with first, which leaves the name in the list (half-made.json): the next time that goes too.
  while (await remove());
}

/**
 * Makes a name free that opens nothing, as a tool that was killed leaves it. Should it have been given to somebody in
 * between, rbd refuses to remove what has snapshots, as every template has: then it is theirs.
 */
export async function freeName(session: Session, cluster: Cluster, spec: string): Promise<void> {
  try {
    await ifThere(() => cluster.change(session, rbdRemove(cluster.client, spec), 'free the name'));
  } catch (error) {
    if (!PlatterError.is(error) || error.code !== 'IN_USE') throw error;
  }
}

/** Of what has snapshots, as `freeName`. Resolves to whether the name opened nothing. */
export async function freeIfEmpty(
  session: Session,
  cluster: Cluster,
  spec: string,
): Promise<boolean> {
  if ((await cluster.info(spec)) !== undefined) return false;
  await freeName(session, cluster, spec);
  return true;
}

/**
 * Whether lists show an image by a name that does not open it, and not by the one that does. It is what two tools that were
 * killed leave, one on its way to give the name, one on its way to remove the image by it (half-made.json).
 */
export async function isListedAs(cluster: Cluster, spec: string, listed: string): Promise<boolean> {
  const names = await cluster.names(parentOf(spec));
  const isListed = (one: string) => names.includes(baseNameOf(one));
  if (isListed(spec) || !isListed(listed)) return false;
  return (await cluster.info(spec)) !== undefined && (await cluster.info(listed)) === undefined;
}

/**
 * Of the image that had the name `spec`, and has lost it on its way out: no list shows it (removing.json). One that is
 * listed somebody has put there.
 */
export async function finishRemoval(
  session: Session,
  cluster: Cluster,
  spec: string,
  imageId: string,
): Promise<void> {
  const pool = parentOf(spec);
  if ((await cluster.trash(pool)).includes(imageId)) return;
  const command = rbdTrashRemove(cluster.client, pool, imageId);
  await ifThere(() => cluster.change(session, command, 'finish removing the image'));
}

/** IN_USE when it has clones: those that were made before snapshots could outlive their removal keep it protected. */
export async function removeSnapshot(
  session: Session,
  cluster: Cluster,
  spec: string,
  { name, isProtected }: Pick<RbdSnapshot, 'name' | 'isProtected'>,
): Promise<void> {
  const { client } = cluster;
  const snapshot = `${spec}@${name}`;
  const remove = () =>
    cluster.change(session, rbdSnapshot(client, 'rm', snapshot), 'remove the snapshot');
  if (isProtected) await unprotect(session, cluster, snapshot);
  try {
    await remove();
  } catch (error) {
    if (isProtected || !PlatterError.is(error) || error.code !== 'IN_USE') throw error;
    // Who dies of unprotecting it leaves it half protected: listed as free, and not to be removed.
    await unprotect(session, cluster, snapshot);
    await remove();
  }
}

/** To rbd it is a failure to protect what is protected already, or the other way round: both are what was wanted. */
export async function protect(session: Session, cluster: Cluster, snapshot: string) {
  await orAlready(/snap is already protected/, () =>
    cluster.change(
      session,
      rbdProtection(cluster.client, 'protect', snapshot),
      'protect the snapshot',
    ),
  );
}

async function unprotect(session: Session, cluster: Cluster, snapshot: string) {
  await orAlready(/snap is already unprotected/, () =>
    cluster.change(
      session,
      rbdProtection(cluster.client, 'unprotect', snapshot),
      'unprotect the snapshot',
    ),
  );
}

/** Does something whose failure with this message means that it was done before. */
export async function orAlready(message: RegExp, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!PlatterError.is(error) || !message.test(String(error.details['stderr']))) throw error;
  }
}

/** Resolves to whether there was something to act on. */
export async function ifThere(act: () => Promise<void>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if (!isAbsent(error)) throw error;
    return false;
  }
}

async function whileBusy(
  { host }: Session,
  act: () => Promise<void>,
  stillToGo: () => Promise<boolean>,
): Promise<void> {
  const clock: Clock = host.clock;
  const giveUpAt = clock.monotonicMs() + busyMs;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      const isBusy = PlatterError.is(error) && error.code === 'IN_USE';
      if (!isBusy || clock.monotonicMs() > giveUpAt) throw error;
      await clock.sleep(pauseMs);
      if (!(await stillToGo())) return;
    }
  }
}

/** Somebody may just have closed it: a look, and more. */
const patienceMs = 2000;

/** IN_USE while somebody has it open. */
export async function requireNotOpen(
  session: Session,
  cluster: Cluster,
  spec: string,
  waitMs = patienceMs,
): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    const watchers = await cluster.watchers(spec);
    if (watchers.length === 0) return;
    if (waitedMs >= waitMs) {
      throw new PlatterError('IN_USE', 'the image is in use: a client has it open', {
        details: { watchers },
        hint: 'stop the virtual machine; a client that has died is forgotten after half a minute',
      });
    }
    await session.host.clock.sleep(pauseMs, session.signal);
  }
}

/**
 * Removes an image with its snapshots (B111-B113). First it loses its name, by one rename; then, when it is certain that
 * it is the very image that was looked at and that nobody came in between, its snapshots and its data go. Otherwise it
 * gets its name back.
 */
import type { Config } from '../../config/config.ts';
import { instanceDirectory } from '../../config/layout.ts';
import { PlatterError } from '../../errors.ts';
import { formatAddress } from '../../names.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import { baseNameOf, parentOf, tidy } from '../../workspace/area.ts';
import { forgetTaken } from '../../workspace/taken-away.ts';
import {
  abandonIntent,
  isTakenOver,
  replaceIntent,
  requireOwn,
  type Intent,
  type Workspace,
} from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { hasClones, specOf } from './change.ts';
import type { Cluster } from './cluster.ts';
import { begin } from './in-place.ts';
import { removedName } from './names.ts';
import { overwrite, type Named } from './overwrite.ts';
import {
  busyMs,
  finishRemoval,
  freeName,
  isListedAs,
  removeImage,
  requireNotOpen,
} from './remove.ts';
import { isAbsent } from './run-rbd.ts';

const operation = 'delete';

export interface Removal {
  readonly image: string;
  /** Its name while it is being removed. */
  readonly removed: string;
  /** Of the image that was looked at. */
  readonly imageId: string;
  readonly wipe: boolean;
}

export async function destroySteps(
  cluster: Cluster,
  config: Config,
  facts: ImageFacts,
  { wipe }: { wipe: boolean },
): Promise<readonly Step[]> {
  const image = specOf(cluster, facts);
  const name = formatAddress(facts.address);
  const info = await cluster.info(image);
  if (info === undefined) throw gone(name);
  const { virtualSizeBytes } = facts;
  return [
    ...removalSteps(cluster, { image, name, imageId: info.id, wipe, virtualSizeBytes }),
    {
      description: 'forget its record, and its directory where that is empty now',
      run: (session) => forget(session, config, facts),
    },
  ];
}

export function removalOf(
  { workspace }: Session,
  about: Pick<Removal, 'image' | 'imageId' | 'wipe'>,
): Removal {
  const { image } = about;
  return {
    ...about,
    removed: `${parentOf(image)}/${removedName(baseNameOf(image), workspace.id)}`,
  };
}

interface ToRemove {
  readonly image: string;
  /** For people. */
  readonly name: string;
  readonly imageId: string;
  readonly wipe: boolean;
  readonly virtualSizeBytes: number;
}

/** Of any image that nobody has open and nothing leans on, with its snapshots. */
export function removalSteps(
  cluster: Cluster,
  { image, name, imageId, wipe, virtualSizeBytes }: ToRemove,
): readonly Step[] {
  const removal = (session: Session) => removalOf(session, { image, imageId, wipe });
  return [
    {
      description: `make sure that nobody has ${image} open and nothing leans on it`,
      run: (session) => requireUnused(session, cluster, image, name),
    },
    {
      description: `take the name ${image} from it`,
      async run(session) {
        const intent = await begin(session, { operation, ...removal(session) });
        await takeAway(session, cluster, { removal: removal(session), name, intent });
      },
    },
    {
      description: wipe ? 'overwrite its data and remove it' : 'remove its snapshots and its data',
      ...(wipe ? { bytes: virtualSizeBytes } : {}),
      run: (session) => removeTaken(session, cluster, removal(session)),
    },
  ];
}

function gone(name: string): PlatterError {
  return new PlatterError('NOT_FOUND', `the image ${name} is gone`, { hint: 'platter image list' });
}

export async function requireUnused(
  session: Session,
  cluster: Cluster,
  spec: string,
  name: string,
  waitMs?: number,
): Promise<void> {
  await requireNotOpen(session, cluster, spec, waitMs);
  const clones = await cluster.children(spec, { all: true });
  if (clones.length > 0) throw hasClones(name, clones);
}

interface TakenAway {
  readonly removal: Removal;
  readonly name: string;
  /** What is written down: that it is being removed. */
  readonly intent: Intent;
  /** What is to be written down when it has its name back: nothing unless it says so. */
  readonly otherwise?: Intent;
}

export async function takeAway(
  session: Session,
  cluster: Cluster,
  { removal, name, intent, otherwise }: TakenAway,
): Promise<void> {
  const { image, removed } = removal;
  try {
    await cluster.rename(session, image, removed, 'take its name');
  } catch (error) {
    // It may have come about all the same, and nobody but this process knows of it.
    if (await isTakenOver(session.host.filesystem, session.workspace)) {
      await giveBackIfFree(cluster.unguarded(session), cluster, removal);
    }
    throw error;
  }
  try {
    // Whoever took this process for dead before that has found the disk as it was, and goes by it.
    await requireOwn(session.host.filesystem, session.workspace);
    if ((await cluster.info(removed))?.id !== removal.imageId) throw gone(name);
    await requireUnused(session, cluster, removed, name);
  } catch (error) {
    await giveBack(session, cluster, removal, otherwise);
    throw error;
  }
  // Nobody finds it by this name: from here on it is nobody's any more, whoever carries on.
  await replaceIntent(session.host.filesystem, session.workspace, { ...intent, isUnused: true });
}

/**
 * Also by who stood still until somebody else had the lock, and took a name that was not its to take any more: what has
 * the private name is no concern of anybody else.
 */
async function giveBack(
  session: Session,
  cluster: Cluster,
  removal: Removal,
  otherwise: Intent | undefined,
) {
  const { filesystem } = session.host;
  await giveBackIfFree(cluster.unguarded(session), cluster, removal);
  if (await isTakenOver(filesystem, session.workspace)) return;
  if (otherwise === undefined) await abandonIntent(filesystem, session.workspace);
  else await replaceIntent(filesystem, session.workspace, otherwise);
}

export async function removeTaken(
  session: Session,
  cluster: Cluster,
  { wipe, removed }: Pick<Removal, 'wipe' | 'removed'>,
  named?: Named,
): Promise<void> {
  if (wipe) await overwrite(session, cluster, removed, named);
  await removeImage(session, cluster, removed, named?.stillToGo);
}

/** The image is gone: what cannot be forgotten now is found to describe nothing by the next operation. */
async function forget(session: Session, config: Config, facts: ImageFacts): Promise<void> {
  const { host, workspace } = session;
  const { address, recordId } = facts;
  const directory = instanceDirectory(config, address.instance);
  try {
    await forgetTaken(host.filesystem, workspace, recordId);
    await host.filesystem.removeTree(workspace.path);
    await tidy(host.filesystem, directory);
  } catch (error) {
    host.events.emit({ type: 'warning', message: `cannot clear up after it: ${String(error)}` });
  }
}

/** What lost its name is removed, unless it is another image, or somebody has begun to use it. */
export async function recoverDestroy(
  session: Session,
  cluster: Cluster,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome | undefined> {
  return intent.operation === operation
    ? carryOnRemoval(session, cluster, leftover, intent)
    : undefined;
}

/** `finished` when it is gone; `undone` when it has its name. */
export async function carryOnRemoval(
  session: Session,
  cluster: Cluster,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  const removal = intent as unknown as Removal;
  const { image, removed, imageId } = removal;
  const info = await cluster.info(removed);
  if (info === undefined) {
    // Its name may be left, from a tool that was killed; or the image, without a name, on its way through the trash.
    await removeImage(session, cluster, removed);
    await finishRemoval(session, cluster, removed, imageId);
    return (await cluster.info(image)) === undefined ? 'finished' : 'undone';
  }
  if (info.id === imageId) {
    // Killed half-way, the rename has left it under both names, and rbd cannot take back one of them alone.
    const isHalfRenamed = async () => (await cluster.info(image))?.id === imageId;
    const requireStillUnused = () => requireUnused(session, cluster, removed, image, busyMs);
    let isUnused = intent['isUnused'] === true;
    try {
      // Who took its name may have died before it saw that somebody had come in between; by a name that it has kept
      // somebody can come at any moment.
      if (!isUnused || (await isHalfRenamed())) {
        await requireStillUnused();
      }
      if (await isHalfRenamed()) {
        const named = { requireUnused: requireStillUnused, stillToGo: isHalfRenamed };
        await removeTaken(session, cluster, { ...removal, removed: image }, named);
      } else if (!isUnused) {
        await replaceIntent(session.host.filesystem, leftover, { ...intent, isUnused: true });
        isUnused = true;
      }
      await removeListed(session, cluster, removal);
      return 'finished';
    } catch (error) {
      if (!PlatterError.is(error) || error.code !== 'IN_USE') throw error;
      if (await isHalfRenamed()) return 'undone';
      // Whoever has it open is not using it: another rbd removes it, and would go on if it had its name back.
      if (isUnused) throw error;
    }
  }
  await giveBackIfFree(session, cluster, removal);
  return 'undone';
}

/**
 * Who removed it by a name that a rename had left may have died, or heard nothing, before the list forgot that name: then
 * nobody could be given it any more.
 */
async function removeListed(session: Session, cluster: Cluster, removal: Removal): Promise<void> {
  const { image, removed } = removal;
  const isListed = await isListedAs(cluster, removed, image);
  await removeTaken(session, cluster, removal);
  // Nobody else can have been given it meanwhile: a rename to a name that is listed does not come about.
  if (isListed) await freeName(session, cluster, image);
}

/** Where somebody has been given the name since, the image keeps its private one, which `audit` tells of. */
export async function giveBackIfFree(
  session: Session,
  cluster: Cluster,
  { image, removed }: Removal,
): Promise<void> {
  try {
    await cluster.rename(session, removed, image, 'give its name back');
  } catch (error) {
    if (isAbsent(error)) return;
    if (!PlatterError.is(error) || error.code !== 'ALREADY_EXISTS') throw error;
    const message = `another image has the name ${image} by now: the one that had it is ${removed}`;
    session.host.events.emit({ type: 'warning', message });
  }
}

/** What an operation makes under private names, before it is published: how it goes when that does not come about. */
import { PlatterError } from '../../errors.ts';
import type { Session, Step } from '../../operations/step.ts';
import {
  isTakenOver,
  replaceIntent,
  type Intent,
  type Workspace,
} from '../../workspace/workspace.ts';
import type { Cluster } from './cluster.ts';
import { publishedName } from './names.ts';
import { finishRemoval, freeName, isListedAs, removeImage } from './remove.ts';

/**
 * Removes what an operation that is to be undone has made, the first of `drafts` last, and resolves to the id of the image
 * that this is or was. Undefined where it never was, or has its name: it is told from another one by nothing else.
 */
export async function removeDrafts(
  session: Session,
  cluster: Cluster,
  leftover: Workspace,
  intent: Intent,
  drafts: readonly string[],
): Promise<string | undefined> {
  const known = (intent['imageIds'] ?? {}) as Readonly<Record<string, string>>;
  const found: Record<string, string> = {};
  for (const draft of drafts) {
    const id = (await cluster.info(draft))?.id;
    if (id !== undefined) found[draft] = id;
    else if (known[draft] !== undefined) {
      await finishRemoval(session, cluster, draft, known[draft]);
    }
  }
  const imageIds = { ...known, ...found };
  // Should a removal be cut off when its image has no name any more, the id is all that it can be found by.
  if (Object.keys(found).length > 0) {
    await replaceIntent(session.host.filesystem, leftover, { ...intent, imageIds });
  }
  const id = String(intent['id']);
  for (const draft of drafts.toReversed()) await removeDraft(session, cluster, draft, id);
  return drafts[0] === undefined ? undefined : imageIds[drafts[0]];
}

/**
 * Whether an operation has given its image this name. Without a draft whose id is known (`removeDrafts`) it was this one,
 * unless the draft was removed by an earlier recovery.
 */
export async function hasPublished(
  cluster: Cluster,
  spec: string,
  draftId: string | undefined,
): Promise<boolean> {
  const published = await cluster.info(spec);
  return published !== undefined && (draftId === undefined || draftId === published.id);
}

/**
 * Killed half-way, a rename has left one image under both names, and rbd can neither finish nor undo it. Nobody was told
 * of the image: it goes, by both; the private one last, for that one is looked after again should this end early. One
 * that only stood still has the image open, and may go on to its end: then there is nothing to remove.
 */
async function removeDraft(
  session: Session,
  cluster: Cluster,
  draft: string,
  id: string,
): Promise<void> {
  const published = publishedName(draft, id);
  const isHalfRenamed = async () => {
    const drafted = await cluster.info(draft);
    return drafted !== undefined && drafted.id === (await cluster.info(published))?.id;
  };
  const hasBothNames = await isHalfRenamed();
  const isUsed =
    hasBothNames && !(await removeUnlessUsed(session, cluster, published, isHalfRenamed));
  const hasListedName = await isListedAs(cluster, draft, published);
  await removeUnlessUsed(session, cluster, draft);
  // What leant on it may have gone in between, and the image with its private name alone.
  const isLeft = hasListedName || (isUsed && (await cluster.info(published)) === undefined);
  // Nobody else can have been given it meanwhile: a rename to a name that is listed does not come about.
  if (isLeft) await freeName(session, cluster, published);
}

/** A template whose rename was killed half-way may be in use already, by its other name: then it stays. */
async function removeUnlessUsed(
  session: Session,
  cluster: Cluster,
  spec: string,
  stillToGo?: () => Promise<boolean>,
): Promise<boolean> {
  try {
    await removeImage(session, cluster, spec, stillToGo);
    return true;
  } catch (error) {
    if (!PlatterError.is(error) || error.code !== 'IN_USE') throw error;
    if ((await cluster.children(spec, { all: true })).length === 0) throw error;
    return false;
  }
}

/**
 * Whoever took this process for dead, while it stood still, has removed what there was of it by then: what was made since
 * only this process knows, and clears up. What is one operation's alone it may remove without any lock.
 */
export function clearingUp(
  step: Step,
  cluster: Cluster,
  clear: (session: Session) => Promise<void>,
): Step {
  return {
    ...step,
    async run(session) {
      try {
        await step.run(session);
      } catch (error) {
        const { host, workspace } = session;
        if (await isTakenOver(host.filesystem, workspace)) {
          await clear(cluster.unguarded(session)).catch((failure: unknown) => {
            host.events.emit({ type: 'warning', message: `cannot clear up: ${String(failure)}` });
          });
        }
        throw error;
      }
    },
  };
}

export async function giveUp(
  session: Session,
  cluster: Cluster,
  drafts: readonly string[],
  id: string,
) {
  const { events } = session.host;
  for (const spec of drafts) {
    await removeDraft(session, cluster, spec, id).catch((error: unknown) => {
      events.emit({ type: 'warning', message: `cannot remove ${spec}: ${String(error)}` });
    });
  }
}

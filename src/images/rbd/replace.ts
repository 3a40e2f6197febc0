/**
 * Puts a finished draft in the place of an image that is there (B114). That one loses its name, the draft gets it, and only
 * then does the former one go: at each moment one of the two is whole under a name that is known.
 */
import { PlatterError } from '../../errors.ts';
import { formatAddress } from '../../names.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import { publishRecord, syncRecord } from '../../workspace/publish.ts';
import { hasRecord, removeRecord } from '../../workspace/record.ts';
import {
  readIntent,
  replaceIntent,
  requireOwn,
  type Intent,
  type Workspace,
} from '../../workspace/workspace.ts';
import type { CreateOrder, ImageFacts, ShareOrder } from '../driver.ts';
import { specOf } from './change.ts';
import type { Cluster } from './cluster.ts';
import {
  carryOnRemoval,
  giveBackIfFree,
  removalOf,
  removeTaken,
  requireUnused,
  takeAway,
  type Removal,
} from './destroy.ts';
import { removeDrafts } from './drafts.ts';
import { recordInPool } from './facts.ts';

const operation = 'replace';

/** Before any work is done; it is looked at again when it is to go. */
export function requireReplaceableStep(cluster: Cluster, former: ImageFacts): Step {
  const name = formatAddress(former.address);
  return {
    description: `make sure that nobody has ${name} open and nothing leans on it`,
    async run(session) {
      await requireReplaceable(session, cluster, former);
    },
  };
}

/** As in the original, what has snapshots is not overwritten (B112, B114). Resolves to what it is now. */
async function requireReplaceable(session: Session, cluster: Cluster, former: ImageFacts) {
  const name = formatAddress(former.address);
  const image = specOf(cluster, former);
  const found = await cluster.info(image);
  if (found === undefined) throw lost(name);
  if (found.snapshotCount > 0) {
    throw new PlatterError('IN_USE', `${name} has snapshots`, {
      details: { snapshots: former.snapshots.map((snapshot) => snapshot.name) },
      hint: 'platter snapshot delete',
    });
  }
  await requireUnused(session, cluster, image, name);
  return found;
}

interface Replacement {
  readonly former: ImageFacts;
  readonly draft: string;
}

export function replaceStep(
  cluster: Cluster,
  order: CreateOrder | ShareOrder,
  replacement: Replacement,
): Step {
  return {
    description: `give the name of ${formatAddress(order.address)} to what takes its place, and remove it`,
    run: (session) => replace(session, cluster, order, replacement),
  };
}

async function replace(
  session: Session,
  cluster: Cluster,
  order: CreateOrder | ShareOrder,
  { former, draft }: Replacement,
): Promise<void> {
  const { filesystem } = session.host;
  const { workspace } = session;
  const image = specOf(cluster, former);
  const name = formatAddress(former.address);
  const made = await cluster.info(draft);
  const otherwise = await readIntent(filesystem, workspace);
  if (made === undefined || otherwise === undefined) throw lost(name);
  const found = await requireReplaceable(session, cluster, former);
  const record = recordInPool(session, cluster, order);
  const removal = removalOf(session, { image, imageId: found.id, wipe: false });
  const imageIds = { [draft]: made.id };
  const known = { imageIds, draft, record, formerRecord: former.recordId };
  const intent: Intent = { ...otherwise, operation, ...removal, ...known };
  await replaceIntent(filesystem, workspace, intent);
  await takeAway(session, cluster, { removal, name, intent, otherwise });
  await cluster.rename(session, draft, image, 'publish the image');
  // Whoever took this process for dead meanwhile may have carried it on: that is told.
  await requireOwn(filesystem, workspace);
  await replaceRecord(session, workspace, intent);
  await removeTaken(session, cluster, removal);
}

function lost(name: string): PlatterError {
  return new PlatterError('NOT_FOUND', `${name} is gone, or what was to take its place`, {
    hint: 'import it again',
  });
}

/** That of the former image goes, and that of the new one comes: it has the name by then, and the other is its record so long. */
async function replaceRecord({ host }: Session, workspace: Workspace, intent: Intent) {
  const { filesystem } = host;
  const { directory, name } = workspace;
  const formerRecord = intent['formerRecord'];
  if (typeof formerRecord === 'string') {
    await removeRecord(filesystem, directory, name, formerRecord);
  }
  const id = String(intent['id']);
  // Whoever began may have placed it, or died of that.
  if (await hasRecord(filesystem, directory, name, id)) await syncRecord(filesystem, workspace);
  else {
    await filesystem.removeTree(`${workspace.path}/record`);
    await publishRecord(filesystem, { ...workspace, id }, intent['record'] as object);
  }
}

/** On, where the new image has the name for good; otherwise what was made goes, and the former one has its name again. */
export async function recoverReplace(
  session: Session,
  cluster: Cluster,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome | undefined> {
  if (intent.operation !== operation) return undefined;
  const removal = intent as unknown as Removal;
  const { image, removed } = removal;
  const [draft, drafts] = [String(intent['draft']), intent['drafts'] as readonly string[]];
  const draftId = (intent['imageIds'] as Readonly<Record<string, string>>)[draft];
  const stands = async (spec: string, id: string | undefined) =>
    id !== undefined && (await cluster.info(spec))?.id === id;
  const finish = async (): Promise<Outcome> => {
    await replaceRecord(session, leftover, intent);
    await carryOnRemoval(session, cluster, leftover, intent);
    return 'finished';
  };
  const undo = () => removeDrafts(session, cluster, leftover, intent, drafts);
  const isDraft = await stands(draft, draftId);
  if (await stands(image, draftId)) {
    if (!isDraft) return finish();
    // Killed half-way, a rename leaves an image under both names, and rbd can take back neither alone (half-made.json).
    await undo();
  }
  const isHalfRenamed =
    (await stands(image, removal.imageId)) && (await stands(removed, removal.imageId));
  // So it is with the former one: it cannot be kept, unless somebody uses it.
  if (isHalfRenamed && isDraft) {
    if ((await carryOnRemoval(session, cluster, leftover, intent)) === 'finished') {
      await cluster.rename(session, draft, image, 'publish the image');
      return finish();
    }
  }
  // Whoever only stood still may have gone on meanwhile.
  if (await stands(image, draftId)) return finish();
  if (!isHalfRenamed) await giveBackIfFree(session, cluster, removal);
  if (await stands(image, draftId)) return finish();
  await undo();
  return 'undone';
}

/**
 * Makes an image of whatever it can be made of: under a private name, grown there, and published by one rename. Nothing
 * looks whether the name is taken before a clone is made: the rename tells, and costs no process more.
 */
import type { Config } from '../../config/config.ts';
import { PlatterError } from '../../errors.ts';
import { formatAddress } from '../../names.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import { rbdRename } from '../../tools/rbd/argv.ts';
import { publishRecord } from '../../workspace/publish.ts';
import { readRecord, removeRecord } from '../../workspace/record.ts';
import { requireOwn, type Intent, type Workspace } from '../../workspace/workspace.ts';
import type { CreateOrder, ImageFacts, Making, ShareOrder } from '../driver.ts';
import type { Cluster } from './cluster.ts';
import { contentSteps, headDraft } from './create-content.ts';
import { newImageFacts, recordInPool } from './facts.ts';
import { clearingUp, giveUp, hasPublished, removeDrafts } from './drafts.ts';
import { begin } from './in-place.ts';
import { draftName, imageNameOf } from './names.ts';
import { replaceStep, requireReplaceableStep } from './replace.ts';
import { templateDraft } from './template.ts';

const operation = 'create';

export async function planCreate(
  session: Session,
  cluster: Cluster,
  config: Config,
  order: CreateOrder | ShareOrder,
): Promise<Making> {
  const image = `${cluster.pool}/${imageNameOf(order.address)}`;
  const draft = `${cluster.pool}/${draftName(imageNameOf(order.address), session.workspace.id)}`;
  const { replaces: former } = order;
  const requireFree = async () => {
    if (former === undefined) await requireAbsent(cluster, order, image);
  };
  // A clone is nothing to throw away; an import is.
  if (order.base.kind === 'private file') await requireFree();
  const drafts = draftsOf(session, cluster, order);
  let facts: ImageFacts | undefined;
  const clear = (current: Session) => giveUp(current, cluster, drafts, session.workspace.id);
  const publishing: Step = {
    description: `publish it as ${image}`,
    command: rbdRename(cluster.client, draft, image),
    async run(current) {
      facts = await publish(current, cluster, config, order, { image, draft });
    },
  };
  const content = contentSteps({ cluster, config, order, draft, requireFree });
  return {
    steps: [
      ...(former === undefined ? [] : [requireReplaceableStep(cluster, former)]),
      {
        description: `begin ${draft}`,
        async run(current) {
          await begin(current, { operation, image, drafts });
        },
      },
      ...content.map((step) => clearingUp(step, cluster, clear)),
      former === undefined
        ? clearingUp(publishing, cluster, clear)
        : replaceStep(cluster, order, { former, draft }),
    ],
    // What a file brought is not known to its last block.
    made: () => (order.base.kind === 'private file' ? undefined : facts),
  };
}

interface Names {
  readonly image: string;
  readonly draft: string;
}

/** Everything that the operation may leave half made; the image itself comes first. */
function draftsOf(
  session: Session,
  cluster: Cluster,
  order: CreateOrder | ShareOrder,
): readonly string[] {
  const { workspace } = session;
  const { address, base } = order;
  return [
    `${cluster.pool}/${draftName(imageNameOf(address), workspace.id)}`,
    ...(base.kind === 'template' ? [templateDraft(cluster, base, workspace.id)] : []),
    ...(base.kind === 'location' ? [headDraft(cluster, order, workspace.id)] : []),
  ];
}

async function requireAbsent(
  cluster: Cluster,
  { address }: Pick<CreateOrder, 'address'>,
  image: string,
) {
  if ((await cluster.info(image)) !== undefined) throw alreadyExists(address, image);
}

function alreadyExists(address: CreateOrder['address'], image: string, cause?: unknown) {
  const name = formatAddress(address);
  return new PlatterError('ALREADY_EXISTS', `the image ${name} exists already`, {
    details: { ...address, backend: 'rbd', image },
    hint: `platter image show ${name} --backend rbd`,
    cause,
  });
}

/** Nothing appears without its record, and nothing is given a name that somebody else has. */
async function publish(
  session: Session,
  cluster: Cluster,
  config: Config,
  order: CreateOrder | ShareOrder,
  { image, draft }: Names,
): Promise<ImageFacts> {
  const { filesystem } = session.host;
  const { workspace } = session;
  const record = recordInPool(session, cluster, order);
  await publishRecord(filesystem, workspace, record);
  try {
    await cluster.rename(session, draft, image, 'publish the image');
  } catch (error) {
    if (!PlatterError.is(error) || error.code !== 'ALREADY_EXISTS') throw error;
    throw alreadyExists(order.address, image, error);
  }
  // Whoever took this process for dead meanwhile may be removing what was half renamed then: nobody is told that it is there.
  await requireOwn(filesystem, workspace);
  return newImageFacts(cluster, config, order, { record, recordId: workspace.id });
}

/**
 * The rename either came about or did not; a tool that outlived its caller may even do it now. Where it did not, the
 * drafts go, and then the record that waited for the image; one that somebody else has put there since stays.
 */
export async function recoverCreate(
  session: Session,
  cluster: Cluster,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome | undefined> {
  if (intent.operation !== operation) return undefined;
  const { filesystem } = session.host;
  const { directory, name } = leftover;
  const drafts = intent['drafts'] as readonly string[];
  const draftId = await removeDrafts(session, cluster, leftover, intent, drafts);
  const record = await readRecord(filesystem, directory, name);
  if (record === undefined || record.id !== intent['id']) return 'undone';
  if (await hasPublished(cluster, String(intent['image']), draftId)) return 'finished';
  await removeRecord(filesystem, directory, name, record.id);
  return 'undone';
}

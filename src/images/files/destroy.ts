/** Removes images that are files. */
import type { Config, ImageType } from '../../config/config.ts';
import { afterwards, isHostError, messageOf, PlatterError, reporting } from '../../errors.ts';
import { formatAddress } from '../../names.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import type { Filesystem } from '../../ports/filesystem.ts';
import { headerGone } from '../../templates/backing-chain.ts';
import { describeUse, usersOf } from '../../templates/users.ts';
import { isFaultOfImage } from '../../tools/qemu-img/errors.ts';
import { areaPath, listDirectory, snapshotsPath, tidy } from '../../workspace/area.ts';
import { syncTaken, takeAway, takenAway, takenPath } from '../../workspace/taken-away.ts';
import { imageOf, writeIntent, type Intent, type Workspace } from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { forgetFormat, forgetRecord } from '../forget.ts';
import { requireNotInUse } from './in-use.ts';
import { overwrite } from './overwrite.ts';
import { exists, renameOnce } from '../../workspace/once.ts';

const removedSnapshots = 'snapshots';
const operation = 'destroy';

export function destroyFileSteps(
  config: Config,
  facts: ImageFacts,
  { type, wipe }: { type: ImageType; wipe: boolean },
): readonly Step[] {
  return [
    {
      description: `make sure that nothing uses ${facts.path} or leans on it`,
      async run(session) {
        await requireNoUsers(session, config, facts);
        await requireClosed(session, config, type, facts);
      },
    },
    {
      description: `remove ${facts.path} and its snapshots`,
      run: (session) => takeFileAway(session, facts, { backend: type, isWiped: wipe }),
    },
    ...(wipe ? [wipeStep(facts)] : []),
    {
      description: 'forget its format, and its directory where that is empty now',
      run: (session) => forget(session, config, facts),
    },
  ];
}

/** A damaged disk cannot be opened as what it was: as raw it can, and the locks are on the file. */
async function requireClosed(
  session: Session,
  config: Config,
  type: ImageType,
  facts: ImageFacts,
): Promise<void> {
  try {
    if (facts.isDamaged !== true) return await requireNotInUse(session, config, { type, facts });
  } catch (error) {
    if (!PlatterError.is(error) || !isFaultOfImage(error)) throw error;
  }
  await requireNotInUse(session, config, { type: 'flat', facts });
}

/** Before what the disk holds changes under them. */
export function noUsersStep(config: Config, facts: ImageFacts): Step {
  return {
    description: `make sure that nothing leans on ${facts.path}`,
    run: (session) => requireNoUsers(session, config, facts),
  };
}

/**
 * The children of the disk itself; its template's other images do not matter. What leans on a disk, as snapshots outside of
 * it do, is beside it: what cannot be read in another instance's directory keeps no disk here. Nor does a disk without its
 * header, which was made to lean on a template: two of them would keep each other for ever.
 */
async function requireNoUsers(session: Session, config: Config, facts: ImageFacts): Promise<void> {
  const users = await usersOf(session.host.filesystem, config, facts.path);
  const beside = `${facts.address.instance}/`;
  const use = describeUse(
    users.filter(
      ({ image, doubt }) =>
        doubt === undefined || (image.startsWith(beside) && doubt !== headerGone),
    ),
  );
  if (use === undefined) return;
  const { message, details, hint } = use;
  throw new PlatterError('IN_USE', `${formatAddress(facts.address)} is in use: ${message}`, {
    details,
    hint,
  });
}

/**
 * The rename is the moment in which the disk is gone; what follows is clearing up. That its snapshots have to go with it,
 * and that it has to be wiped, is written down first, so that no crash can skip it.
 */
async function takeFileAway(
  { host, workspace }: Session,
  facts: ImageFacts,
  { backend, isWiped }: { backend: ImageType; isWiped: boolean },
): Promise<void> {
  const { filesystem, clock } = host;
  if (isWiped || facts.snapshots.length > 0) {
    const startedAt = new Date(clock.now()).toISOString();
    await writeIntent(filesystem, workspace, { operation, backend, isWiped, startedAt });
  }
  await takeAway(filesystem, workspace, facts.recordId);
  await afterwards(
    reporting(`take away the rest of ${formatAddress(facts.address)}`, async () => {
      await syncTaken(filesystem, workspace);
      if (backend === 'flat') await takeSnapshots(filesystem, workspace);
    }),
  );
}

/**
 * Of flat disks, whose snapshots are files. Durably, and once the disk is gone for good: one that comes back with a power
 * cut has its snapshots.
 */
async function takeSnapshots(
  filesystem: Filesystem,
  { directory, name, path }: Workspace,
): Promise<void> {
  try {
    await renameOnce(filesystem, snapshotsPath(directory, name), `${path}/${removedSnapshots}`);
  } catch (error) {
    if (isHostError(error, 'ENOENT')) return;
    throw error;
  }
  await filesystem.syncDirectory(areaPath(directory), path);
}

/** Overwrites the content before its space is given back (D21). */
function wipeStep(facts: ImageFacts): Step {
  return {
    description: 'overwrite its content with zeros',
    bytes: facts.allocatedBytes,
    run: (session) => {
      const { workspace } = session;
      return wipeRemoved(session, workspace, takenPath(workspace, facts.recordId));
    },
  };
}

async function wipeRemoved(session: Session, { path }: Workspace, taken: string): Promise<void> {
  const snapshots = `${path}/${removedSnapshots}`;
  const names = await listDirectory(session.host.filesystem, snapshots);
  await overwrite(session, ...names.map(({ name }) => `${snapshots}/${name}`), taken);
}

/** After a crash: where the disk was taken away its snapshots go too, and all of it is wiped before its space is free. */
export async function recoverDestroy(
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome | undefined> {
  if (intent.operation !== operation) return undefined;
  const { filesystem } = session.host;
  const taken = await takenAway(filesystem, leftover);
  if (taken === undefined) {
    // Somebody else took it away, or it is removed already, and its snapshots were before.
    const isThere = await exists(filesystem, `${leftover.directory}/${leftover.name}`);
    return isThere ? 'undone' : 'finished';
  }
  if (intent['backend'] === 'flat') await takeSnapshots(filesystem, leftover);
  if (intent['isWiped'] === true) await wipeRemoved(session, leftover, taken.path);
  return 'finished';
}

/**
 * The disk is gone. Its format and its record have to go, or they would tell of what somebody else puts there; what else
 * cannot be cleared away now the next operation does.
 */
async function forget(session: Session, config: Config, { recordId }: ImageFacts): Promise<void> {
  const { host, workspace } = session;
  const { directory } = workspace;
  await forgetRecord(session, recordId);
  await afterwards(
    reporting(`forget the format of ${formatAddress(imageOf(workspace))}`, async () => {
      try {
        await forgetFormat(host, config, workspace);
      } catch (error) {
        if (!isHostError(error, 'ENOSPC', 'EDQUOT')) throw error;
        // What tells recovery that the format has to go gives the space for that.
        await host.filesystem.removeTree(takenPath(workspace, recordId));
        await forgetFormat(host, config, workspace);
      }
    }),
  );
  try {
    await host.filesystem.removeTree(workspace.path);
    await tidy(host.filesystem, directory);
  } catch (error) {
    host.events.emit({ type: 'warning', message: `cannot clear up after it: ${messageOf(error)}` });
  }
}

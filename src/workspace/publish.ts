/**
 * Puts a finished file in its place: whole or not at all, durable, and never over something that is there.
 *
 * All contents are synced first, then the names that go before the file (its record, disk.info), then the file appears.
 * Syncs are kept together and no name changes between them, for on journalling filesystems the first one of a group pays
 * for all, and every change between makes another one pay (measured on ext4 and XFS).
 */
import { isHostError, PlatterError, toPlatterError } from '../errors.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import { areaPath, parentOf, recordPath } from './area.ts';
import { draftRecord, placeRecord, removeRecord } from './record.ts';
import { isTakenOver, type Workspace } from './workspace.ts';
import { linkOnce, renameOnce, standsAt } from './once.ts';

export interface Publication {
  readonly workspace: Workspace;
  /** Name of the finished file in the workspace. */
  readonly file: string;
  /** It is a directory, whose files are synced already. Default is false. */
  readonly isDirectory?: boolean;
  /** What the record of the name will say; undefined when its record is in place already. */
  readonly record: object | undefined;
  /** Other names in the directory that have to be there when the file appears. */
  readonly alongside?: NameChange | undefined;
}

/** A change of a name in two parts, so that contents can be synced together before any name changes. */
export interface NameChange {
  /** Writes what the name will stand for, in the workspace; resolves to the files that have to be synced. */
  draft(): Promise<readonly string[]>;
  /** Not durable before the directory is synced. */
  place(): Promise<void>;
  /** Makes it what it was before `place`. */
  takeBack(): Promise<void>;
}

/** Rejects with ALREADY_EXISTS, and nothing is changed, when the name is taken. */
export async function publish(filesystem: Filesystem, publication: Publication): Promise<void> {
  const { workspace, file, record, alongside } = publication;
  const { directory, name } = workspace;
  const finished = `${workspace.path}/${file}`;
  if (publication.isDirectory === true) await filesystem.syncDirectory(finished);
  const drafts = [
    ...(record === undefined ? [] : [await draftRecord(filesystem, workspace, record)]),
    ...((await alongside?.draft()) ?? []),
  ];
  await filesystem.sync(...(publication.isDirectory === true ? drafts : [finished, ...drafts]));
  let hasAppeared = false;
  try {
    if (record !== undefined) await placeRecord(filesystem, workspace);
    await alongside?.place();
    await syncRecord(filesystem, workspace);
    await appear(filesystem, publication, finished);
    hasAppeared = true;
    await filesystem.syncDirectory(directory);
  } catch (error) {
    // It may be there: whoever recovers the workspace looks.
    if (PlatterError.is(error) && error.code === 'OUTCOME_UNKNOWN') throw error;
    const isWithdrawn = await withdraw(filesystem, publication, hasAppeared);
    if (!isWithdrawn && !(await isTakenOver(filesystem, workspace))) throw leftInPlace(error, name);
    if (!isHostError(error, 'EEXIST', 'ENOTEMPTY', 'ENOTDIR')) throw error;
    throw new PlatterError('ALREADY_EXISTS', `"${name}" exists already`, {
      details: { path: `${directory}/${name}` },
      hint: `find out what ${directory}/${name} is: it has appeared only now`,
      cause: error,
    });
  }
}

/** The record alone, durably, of what appears elsewhere than in the directory, or stands there already. */
export async function publishRecord(
  filesystem: Filesystem,
  workspace: Workspace,
  record: object,
): Promise<void> {
  await filesystem.sync(await draftRecord(filesystem, workspace, record));
  await placeRecord(filesystem, workspace);
  await syncRecord(filesystem, workspace);
}

/** A directory is renamed only to where nothing is, or an empty directory. */
async function appear(
  filesystem: Filesystem,
  { workspace, isDirectory }: Publication,
  finished: string,
): Promise<void> {
  const target = `${workspace.directory}/${workspace.name}`;
  if (isDirectory !== true) return linkOnce(filesystem, finished, target);
  const isThere = standsAt(filesystem, target, await filesystem.stat(finished));
  return renameOnce(filesystem, finished, target, isThere);
}

/** A file must not survive a power cut without its record, nor a record without the directories that it is in. */
export async function syncRecord(
  filesystem: Filesystem,
  { directory, name }: Workspace,
): Promise<void> {
  await filesystem.syncDirectory(
    recordPath(directory, name),
    areaPath(directory),
    directory,
    parentOf(directory),
  );
}

/**
 * Takes back what was published but is not known to be durable. By a rename into the workspace: should somebody have
 * taken over meanwhile, that fails, and what stands there is theirs.
 */
async function withdraw(
  filesystem: Filesystem,
  { workspace, record, alongside }: Publication,
  hasAppeared: boolean,
): Promise<boolean> {
  const { directory, name, id, path } = workspace;
  try {
    if (hasAppeared) {
      await renameOnce(filesystem, `${directory}/${name}`, `${path}/withdrawn`);
    }
  } catch {
    return false;
  }
  try {
    // By its file in the workspace whoever recovers that tells whether another one stands under the name.
    await filesystem.syncDirectory(path);
    await alongside?.takeBack();
    if (record !== undefined) await removeRecord(filesystem, directory, name, id);
    // Or a power cut brings them back, to tell of a file that is somebody else's.
    await filesystem.syncDirectory(areaPath(directory), directory);
  } catch {
    // Whoever recovers the workspace finds a record of nothing, and tries again.
  }
  return true;
}

/** The first failure counts; but what could not be taken back is whole, and there. */
function leftInPlace(error: unknown, name: string): Error {
  const failure = toPlatterError(error, `make "${name}" durable`);
  return PlatterError.is(failure) ? failure.with({ undo: 'finished' }) : failure;
}

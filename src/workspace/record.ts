/**
 * Records: what stands behind a name, kept outside of it and out of a guest's reach.
 *
 * A record is a directory that holds one file named after the operation that wrote it. That makes both of its changes
 * conditional without trusting a lock: a directory is renamed onto a name only where no record is (ENOTEMPTY otherwise),
 * and removing exactly `<id>.json` cannot hit a record that somebody else put there since.
 *
 * A record is written before what it describes appears, so that nothing ever appears without one; a record whose object
 * is missing describes nothing (a create that was interrupted, or a removal).
 */
import { isHostError, PlatterError } from '../errors.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import { areaPath, listDirectory, recordPath, removeIfEmpty } from './area.ts';
import type { Workspace } from './workspace.ts';
import { exists, makeOwnDirectory, renameOnce, unlinkOnce } from './once.ts';

export interface Recorded<Content> {
  /** Of the operation that wrote it. */
  readonly id: string;
  readonly content: Content;
}

/** The record of `name`, or undefined when it has none. */
export async function readRecord<Content extends object>(
  filesystem: Filesystem,
  directory: string,
  name: string,
): Promise<Recorded<Content> | undefined> {
  const path = recordPath(directory, name);
  const files = await filesystem.readTexts(path).catch((error: unknown) => {
    if (isHostError(error, 'ENOENT')) return [];
    throw error;
  });
  const file = files.find((entry) => entry.name.endsWith('.json'));
  if (file === undefined) return undefined;
  return {
    id: file.name.slice(0, -'.json'.length),
    content: parseRecord(file.text, path, name) as Content,
  };
}

/** Of the form in which records are written. */
const recordVersion = 1;

function parseRecord(text: string, path: string, name: string): object {
  try {
    const content: unknown = JSON.parse(text);
    if (typeof content === 'object' && content !== null && 'version' in content) {
      if (content.version === recordVersion) return content;
    }
  } catch {
    // Falls through to the error below, which says the same for every kind of damage.
  }
  throw new PlatterError('CORRUPT', `the record of "${name}" cannot be read`, {
    details: { path },
    hint: 'it was damaged or written by a newer platter; remove it to treat what it describes as foreign',
  });
}

function draftOf(workspace: Workspace): string {
  return `${workspace.path}/record`;
}

/** Writes the record in the workspace: nobody sees it yet. The file has to be synced before it is placed. */
export async function draftRecord(
  filesystem: Filesystem,
  workspace: Workspace,
  content: object,
): Promise<string> {
  await makeOwnDirectory(filesystem, draftOf(workspace));
  const path = `${draftOf(workspace)}/${workspace.id}.json`;
  const text = JSON.stringify({ version: recordVersion, ...content });
  await filesystem.createText(path, `${text}\n`, { isDurable: false });
  return path;
}

/**
 * Puts the drafted record in place. When somebody else has taken over the workspace, it is gone, and so is the right to
 * write. ALREADY_EXISTS when there is another record. Durable once the record and the area are synced (`syncRecord`).
 */
export async function placeRecord(filesystem: Filesystem, workspace: Workspace): Promise<void> {
  const { directory, name, id } = workspace;
  const path = recordPath(directory, name);
  const isThere = () => hasRecord(filesystem, directory, name, id);
  try {
    await renameOnce(filesystem, draftOf(workspace), path, isThere);
  } catch (error) {
    if (!isHostError(error, 'ENOTEMPTY', 'EEXIST')) throw error;
    throw new PlatterError('ALREADY_EXISTS', `"${name}" was taken by somebody else meanwhile`, {
      cause: error,
    });
  }
}

/** Removes the record that operation `id` wrote, and no other. Not durable by itself. */
export async function removeRecord(
  filesystem: Filesystem,
  directory: string,
  name: string,
  id: string,
): Promise<void> {
  await unlinkOnce(filesystem, recordFile(directory, name, id));
  await removeIfEmpty(filesystem, recordPath(directory, name));
}

/** Whether the record is the one that operation `id` wrote. */
export function hasRecord(
  filesystem: Filesystem,
  directory: string,
  name: string,
  id: string,
): Promise<boolean> {
  return exists(filesystem, recordFile(directory, name, id));
}

function recordFile(directory: string, name: string, id: string): string {
  return `${recordPath(directory, name)}/${id}.json`;
}

/** Of removals that were cut off before their last step. No record is lost by it: one is placed with its file in it. */
export async function removeEmptyRecords(filesystem: Filesystem, directory: string): Promise<void> {
  for (const { name } of await listDirectory(filesystem, areaPath(directory))) {
    if (name.endsWith('.record')) await removeIfEmpty(filesystem, `${areaPath(directory)}/${name}`);
  }
}

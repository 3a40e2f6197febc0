/**
 * What became of a making that was cut off, or failed, when its record was there already: the record would from then on tell
 * of whatever somebody else puts there.
 */
import type { Filesystem } from '../ports/filesystem.ts';
import { areaPath } from './area.ts';
import { standsAt, statOrNothing } from './once.ts';
import { hasRecord, removeRecord } from './record.ts';
import type { Workspace } from './workspace.ts';

/** `unknown`: it left no record, or nothing to tell by whether that is of what stands there. */
export type PublicationState = 'unknown' | 'published' | 'unpublished';

/**
 * Of a workspace without an intent. `drafts` are the names that the file may have in it, the one that is published before
 * those that it was made of: a file keeps its name in the workspace when it is published.
 */
export async function publicationState(
  filesystem: Filesystem,
  { directory, name, path, originId }: Workspace,
  drafts: readonly string[],
): Promise<PublicationState> {
  if (!(await hasRecord(filesystem, directory, name, originId))) return 'unknown';
  for (const draft of drafts) {
    const drafted = await statOrNothing(filesystem, `${path}/${draft}`);
    if (drafted === undefined) continue;
    const isThere = await standsAt(filesystem, `${directory}/${name}`, drafted)();
    return isThere ? 'published' : 'unpublished';
  }
  return 'unknown';
}

/** Removes the record that it had written, durably. */
export async function takeRecordBack(
  filesystem: Filesystem,
  { directory, name, originId }: Workspace,
): Promise<void> {
  await removeRecord(filesystem, directory, name, originId);
  await filesystem.syncDirectory(areaPath(directory), directory);
}

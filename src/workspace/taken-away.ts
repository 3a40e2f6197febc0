/**
 * What an operation takes away: it goes into the workspace, under a name that tells its record. Where the operation is cut
 * off before that is removed too, it would from then on tell of whatever somebody else puts in the place.
 */
import type { Filesystem } from '../ports/filesystem.ts';
import { areaPath, listDirectory } from './area.ts';
import { renameOnce, standsAt, statOrNothing } from './once.ts';
import { removeRecord } from './record.ts';
import type { Workspace } from './workspace.ts';

/** `recordId` is that of the operation that wrote its record; undefined where it has none. */
export interface TakenAway {
  readonly path: string;
  readonly recordId: string | undefined;
}

export function takenPath({ path }: Workspace, recordId: string | undefined): string {
  return `${path}/taken${recordId === undefined ? '' : `~${recordId}`}`;
}

/** Takes away what has the name. Durable once the directory, and for whoever wants to find it, the workspace is synced. */
export async function takeAway(
  filesystem: Filesystem,
  workspace: Workspace,
  recordId: string | undefined,
): Promise<void> {
  const { directory, name } = workspace;
  await renameOnce(filesystem, `${directory}/${name}`, takenPath(workspace, recordId));
}

/** Undefined where nothing was taken away, or where a power cut has brought it back. */
export async function takenAway(
  filesystem: Filesystem,
  { directory, name, path }: Workspace,
): Promise<TakenAway | undefined> {
  for (const entry of await listDirectory(filesystem, path)) {
    const match = /^taken(?:~([0-9a-f]+))?$/.exec(entry.name);
    if (match === null) continue;
    const taken = `${path}/${entry.name}`;
    const stat = await statOrNothing(filesystem, taken);
    if (stat === undefined || (await standsAt(filesystem, `${directory}/${name}`, stat)())) break;
    return { path: taken, recordId: match[1] };
  }
  return undefined;
}

/** Removes the record of what a leftover workspace has taken away, durably. False where nothing was. */
export async function forgetTaken(filesystem: Filesystem, workspace: Workspace): Promise<boolean> {
  const { directory, name } = workspace;
  const taken = await takenAway(filesystem, workspace);
  if (taken?.recordId !== undefined) {
    await removeRecord(filesystem, directory, name, taken.recordId);
    await filesystem.syncDirectory(areaPath(directory), directory);
  }
  return taken !== undefined;
}

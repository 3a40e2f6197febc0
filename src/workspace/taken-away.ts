/**
 * What an operation takes away: it goes into the workspace, under a name that tells its record. Where the operation is cut
 * off before that is removed too, it would from then on tell of whatever somebody else puts in the place.
 */
import type { Filesystem } from '../ports/filesystem.ts';
import { areaPath, listDirectory } from './area.ts';
import { renameOnce, standsAt, statOrNothing } from './once.ts';
import { removeRecord } from './record.ts';
import type { Workspace } from './workspace.ts';

export interface TakenAway {
  readonly path: string;
  /** Of the operation that wrote its record; null where it has none, or an earlier version took it away. */
  readonly recordId: string | null;
}

export function takenPath({ path }: Workspace, recordId: string | null): string {
  return `${path}/removed~${recordId ?? 'unrecorded'}`;
}

/** Takes away what has the name. To be made durable by `syncTaken`. */
export async function takeAway(
  filesystem: Filesystem,
  workspace: Workspace,
  recordId: string | null,
): Promise<void> {
  const { directory, name } = workspace;
  await renameOnce(filesystem, `${directory}/${name}`, takenPath(workspace, recordId));
}

/** From here on a power cut does not bring it back, and leaves the workspace that tells what is to be done about it. */
export function syncTaken(filesystem: Filesystem, { directory, path }: Workspace): Promise<void> {
  return filesystem.syncDirectory(path, areaPath(directory), directory);
}

/** Undefined where nothing was taken away, or where a power cut has brought it back. */
export async function takenAway(
  filesystem: Filesystem,
  { directory, name, path }: Workspace,
): Promise<TakenAway | undefined> {
  for (const entry of await listDirectory(filesystem, path)) {
    const match = /^removed(?:~(?:([0-9a-f]+)|unrecorded))?$/.exec(entry.name);
    if (match === null) continue;
    const taken = `${path}/${entry.name}`;
    const stat = await statOrNothing(filesystem, taken);
    if (stat === undefined || (await standsAt(filesystem, `${directory}/${name}`, stat)())) break;
    return { path: taken, recordId: match[1] ?? null };
  }
  return undefined;
}

/** Removes the record of what was taken away, durably: or a power cut would bring it back. */
export async function forgetTaken(
  filesystem: Filesystem,
  { directory, name }: Workspace,
  recordId: string | null,
): Promise<void> {
  if (recordId === null) return;
  await removeRecord(filesystem, directory, name, recordId);
  await filesystem.syncDirectory(areaPath(directory));
}

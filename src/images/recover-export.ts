/**
 * Clears up after an export that was broken off: its half-made file stands outside of every workspace, where other hosts
 * need not see it, nor this one while the filesystem there is not mounted.
 *
 * What cannot be cleared up from here is kept, beside the workspaces, so that it is in nobody's way: exporting changes no
 * disk. `audit` tells of it, and `recover` removes it where the file is to be seen.
 */
import { isHostError } from '../errors.ts';
import type { Outcome } from '../operations/perform.ts';
import type { Session, Step } from '../operations/step.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import {
  areaPath,
  keptExportName,
  keptExportPath,
  listDirectory,
  parentOf,
} from '../workspace/area.ts';
import { exists, renameOnce, statOrNothing } from '../workspace/once.ts';
import { readIntent, replaceIntent, type Intent, type Workspace } from '../workspace/workspace.ts';

export const exportIntent = 'export';

/** Id of the snapshot that was read; undefined for the disk itself. */
export function exportedSnapshot(intent: Intent): string | undefined {
  const id = intent['snapshot'];
  return typeof id === 'string' ? id : undefined;
}

/** What tells later where the half-made file is, and whether somebody looks for it in the same place. */
export async function describeExport(
  { facts, filesystem }: Host,
  { part, target }: { readonly part: string; readonly target: string },
) {
  const { host, machine } = facts.self;
  return { part, target, host, machine, directoryInode: await directoryInode(filesystem, part) };
}

/** Writes down which file is about to get its name, once it is whole. */
export async function willPublish(
  { host: { filesystem }, workspace }: Session,
  part: string,
): Promise<void> {
  const { inode } = await filesystem.stat(part);
  try {
    const intent = await readIntent(filesystem, workspace);
    if (intent !== undefined) await replaceIntent(filesystem, workspace, { ...intent, inode });
  } catch (error) {
    // It is for what recovery tells: no reason to give the export up, even where somebody took it for dead.
    if (!isHostError(error)) throw error;
  }
}

/** A half-made file is of no use to anybody. */
export async function recoverExport(
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  const { host } = session;
  const { filesystem } = host;
  try {
    if (await isInSight(host, intent)) return await clearUp(host, intent);
  } catch (error) {
    if (!isHostError(error)) throw error;
  }
  const { directory, name, id, path } = leftover;
  await renameOnce(filesystem, path, keptExportPath(directory, name, id));
  await filesystem.syncDirectory(areaPath(directory));
  host.events.emit({ type: 'warning', message: describeKept(intent) });
  return 'undone';
}

/** False while the file is not to be seen, and may well be there. */
async function isInSight({ filesystem, facts }: Host, intent: Intent): Promise<boolean> {
  const part = String(intent['part']);
  if (await exists(filesystem, part)) return true;
  if (intent['machine'] !== facts.self.machine) return false;
  return (await directoryInode(filesystem, part)) === intent['directoryInode'];
}

async function clearUp({ filesystem }: Host, intent: Intent): Promise<Outcome> {
  const part = String(intent['part']);
  const published = await statOrNothing(filesystem, String(intent['target']));
  await filesystem.removeTree(part);
  // Or a power cut would bring the one back, of which nobody knows any more, and take the other.
  await filesystem.syncDirectory(parentOf(part));
  return published !== undefined && published.inode === intent['inode'] ? 'finished' : 'undone';
}

/**
 * Where another filesystem is to be mounted, or a directory was made anew, it is not the same. (Its number alone: devices
 * may have other ones after each start.)
 */
async function directoryInode(filesystem: Filesystem, part: string): Promise<number | undefined> {
  // The directory may be a symbolic link, which is there though what it leads to is not.
  return (await statOrNothing(filesystem, `${parentOf(part)}/.`))?.inode;
}

interface KeptExport {
  readonly path: string;
  /** Of the disk. */
  readonly name: string;
  /** Undefined of one that was being removed. */
  readonly intent: Intent | undefined;
}

/** What could not be cleared up from where it was recovered. */
export async function keptExports(
  filesystem: Filesystem,
  directory: string,
): Promise<readonly KeptExport[]> {
  const kept: KeptExport[] = [];
  for (const entry of await listDirectory(filesystem, areaPath(directory))) {
    const name = keptExportName(entry.name);
    if (name === undefined) continue;
    const path = `${areaPath(directory)}/${entry.name}`;
    kept.push({ path, name, intent: await readIntent(filesystem, { path }) });
  }
  return kept;
}

/** For people. */
export function describeKept(intent: Intent | undefined): string {
  if (intent === undefined) return 'an export was broken off';
  return `the export to ${String(intent['target'])} was broken off, and ${String(intent['part'])} may be left on ${String(intent['host'])}: it is not to be seen from here now`;
}

/** Clears up after those of a disk that can be cleared up from here. */
export async function clearKeptSteps(
  host: Host,
  directory: string,
  disk: string,
): Promise<readonly Step[]> {
  const steps: Step[] = [];
  for (const { name, path, intent } of await keptExports(host.filesystem, directory)) {
    if (name !== disk || (intent !== undefined && !(await isInSight(host, intent)))) continue;
    steps.push({
      description: `remove what an export has left (${String(intent === undefined ? path : intent['part'])})`,
      async run(session) {
        const { filesystem } = session.host;
        if (intent !== undefined) await clearUp(session.host, intent);
        await filesystem.removeTree(path);
        await filesystem.syncDirectory(parentOf(path));
      },
    });
  }
  return steps;
}

/** What the private area of a directory holds (workspace/area.ts): of images and of templates alike. */
import type { EngineContext } from '../images/context.ts';
import { describeKept, keptExports } from '../images/recover-export.ts';
import { isAtWork } from '../operations/at-work.ts';
import type { Host } from '../ports/host.ts';
import { areaPath, listDirectory } from '../workspace/area.ts';
import { isElsewhere, isProvablyGone } from '../workspace/provably-gone.ts';
import { leftoverWorkspaces } from '../workspace/workspace.ts';
import { describeHolder, readLease } from '../workspace/lease.ts';
import { allocatedBytes } from './space.ts';
import type { Stray } from './stray.ts';

/** Directories whose names the area shares between images and templates. */
export interface AreaOf {
  readonly directory: string;
  /** For people. */
  subject(name: string): string;
  /** Name of the lock under which operations on `name` run. */
  lock(name: string): { readonly directory: string; readonly name: string };
}

/** Names of which the area has a record. */
export async function recordedNames(
  { host }: EngineContext,
  directory: string,
): Promise<readonly string[]> {
  return (await listDirectory(host.filesystem, areaPath(directory)))
    .filter(({ name }) => name.endsWith('.record'))
    .map(({ name }) => name.slice(0, -'.record'.length));
}

/** Leftovers of operations and leases; what has another name than all that the area holds. */
export async function auditArea({ host }: EngineContext, area: AreaOf): Promise<readonly Stray[]> {
  const { filesystem } = host;
  const path = areaPath(area.directory);
  const entries = await listDirectory(filesystem, path);
  const strays: Stray[] = [];
  for (const { name, path: workspace, id } of await leftoverWorkspaces(
    filesystem,
    area.directory,
  )) {
    if (await isAtWork(host, area.lock(name))) continue;
    strays.push({
      kind: 'interrupted-operation',
      path: workspace,
      subject: area.subject(name),
      allocatedBytes: await allocatedBytes(filesystem, workspace),
      message: `operation ${id} on it has ended without clearing up`,
      hint: 'platter recover finishes or undoes it',
    });
  }
  strays.push(...(await auditExports(host, area)));
  for (const { name } of entries) {
    const stray = await auditEntry(host, area, name);
    if (stray !== undefined) strays.push(stray);
  }
  return strays;
}

/** What they have left may be on another host, or on a filesystem that is not mounted. */
async function auditExports({ filesystem }: Host, area: AreaOf): Promise<readonly Stray[]> {
  const kept = await keptExports(filesystem, area.directory);
  return kept.map(({ path, name, intent }) => ({
    kind: 'interrupted-operation',
    path,
    subject: area.subject(name),
    allocatedBytes: null,
    message: describeKept(intent),
    hint: `platter recover removes both where the file is to be seen; where it is gone for good, remove ${path}`,
  }));
}

/** Known here: workspaces, which are told above; exports likewise; records, snapshots and downloads, which others tell. */
const known = /\.(work|record|snapshots|partial|damaged|export)$/;

async function auditEntry(host: Host, area: AreaOf, entry: string): Promise<Stray | undefined> {
  const path = `${areaPath(area.directory)}/${entry}`;
  if (known.test(entry)) return undefined;
  const lease = /^([^~]+)~[0-9a-f]+\.lease(-draft)?$/.exec(entry);
  if (lease?.[1] === undefined) {
    return {
      kind: 'unknown-file',
      path,
      subject: null,
      allocatedBytes: await allocatedBytes(host.filesystem, path),
      message: 'platter has put nothing of that name there',
      hint: 'find out who did',
    };
  }
  // A draft becomes a lease at once: nobody is known to have left it.
  if (lease[2] !== undefined) return undefined;
  const found = await auditLease(host, path);
  return found && { ...found, path, subject: area.subject(lease[1]), allocatedBytes: null };
}

/** Nobody takes longer to make a disk. */
const leaseMs = 24 * 3600 * 1000;

async function auditLease(host: Host, path: string) {
  const holder = await readLease(host.filesystem, path);
  if (holder === 'released') return undefined;
  if (holder === 'torn' || (await isProvablyGone(host.facts, holder))) {
    return {
      kind: 'dead-lease',
      message: 'the process that used it has ended',
      hint: 'platter recover removes it; it keeps nothing from being used',
    } as const;
  }
  const isOld = host.clock.now() - Date.parse(holder.since) > leaseMs;
  if (!isOld || !isElsewhere(host.facts, holder)) return undefined;
  return {
    kind: 'old-lease',
    message: `it is in use by ${describeHolder(holder)}, and nobody can tell from here whether that has ended`,
    hint: 'it keeps its template from being removed: look whether the process runs, and remove the lease if not',
  } as const;
}

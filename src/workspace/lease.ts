/**
 * Leases: files that say "somebody builds on this name". Whoever wants to remove what the name stands for first puts its
 * own workspace in place and then looks for leases; whoever takes a lease then looks for such workspaces. So one of the
 * two always sees the other, without a lock.
 */
import { isHostError } from '../errors.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import type { ProcessIdentity } from '../ports/host-facts.ts';
import type { Host } from '../ports/host.ts';
import { isProvablyGone } from './provably-gone.ts';
import { areaPath, leasePath, listDirectory, makeDirectories } from './area.ts';
import { renameOnce, unlinkOnce } from './once.ts';

export interface LeaseHolder extends ProcessIdentity {
  readonly purpose: string;
  /** ISO time in UTC. */
  readonly since: string;
}

/** A lease that somebody holds, and where it is. */
export interface HeldLease extends LeaseHolder {
  readonly path: string;
}

export interface Lease {
  release(): Promise<void>;
}

export async function takeLease(
  host: Host,
  directory: string,
  name: string,
  purpose: string,
): Promise<Lease> {
  const { filesystem, facts, clock, random } = host;
  const path = leasePath(directory, name, random.id());
  const since = new Date(clock.now()).toISOString();
  const holder: LeaseHolder = { ...facts.self, purpose, since };
  await createLease(filesystem, directory, path, JSON.stringify(holder));
  return {
    release: () => unlinkOnce(filesystem, path),
  };
}

const attemptsMax = 10;

/** By a rename, so that no lease is ever seen without its holder: nobody could tell when it may go. */
async function createLease(filesystem: Filesystem, directory: string, path: string, text: string) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await filesystem.createText(draftOf(path), text, { isDurable: false });
      await renameOnce(filesystem, draftOf(path), path);
      return;
    } catch (error) {
      // The area is missing, or somebody has cleared the draft away.
      if (!isHostError(error, 'ENOENT') || attempt === attemptsMax) {
        // A server that did not answer may have placed it, and for as long as this process lives nobody else removes it.
        await unlinkOnce(filesystem, path).catch(() => {});
        throw error;
      }
      await makeDirectories(filesystem, areaPath(directory));
    }
  }
}

function draftOf(path: string): string {
  return `${path}-draft`;
}

/**
 * Who holds leases on `name`. Those of processes that are provably gone are removed; so are drafts, whose writers make
 * them anew.
 */
export async function leaseHolders(
  host: Host,
  directory: string,
  name: string,
): Promise<readonly HeldLease[]> {
  const holders: HeldLease[] = [];
  for (const entry of await listDirectory(host.filesystem, areaPath(directory))) {
    if (!entry.name.startsWith(`${name}~`)) continue;
    const path = `${areaPath(directory)}/${entry.name}`;
    if (entry.name.endsWith('.lease-draft')) await host.filesystem.removeTree(path);
    if (!entry.name.endsWith('.lease')) continue;
    const holder = await readLease(host.filesystem, path);
    if (holder === 'released') continue;
    if (holder === 'torn' || (await isProvablyGone(host.facts, holder)))
      await host.filesystem.removeTree(path);
    else holders.push({ ...holder, path });
  }
  return holders;
}

/** Leases are not synced: one that cannot be read was torn by a power cut, and its holder died of that. */
export async function readLease(
  filesystem: Filesystem,
  path: string,
): Promise<LeaseHolder | 'released' | 'torn'> {
  try {
    return JSON.parse(await filesystem.readText(path)) as LeaseHolder;
  } catch (error) {
    if (isHostError(error, 'ENOENT')) return 'released';
    if (error instanceof SyntaxError) return 'torn';
    throw error;
  }
}

/** For people. */
export function describeHolder({ pid, host, since }: LeaseHolder): string {
  return `process ${pid} on ${host}, since ${since}`;
}

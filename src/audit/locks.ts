/** Locks whose owners cannot give them back. */
import { locksDirectory } from '../config/layout.ts';
import { isHostError } from '../errors.ts';
import type { EngineContext } from '../images/context.ts';
import type { Host } from '../ports/host.ts';
import { listDirectory } from '../workspace/area.ts';
import { isProvablyGone } from '../workspace/provably-gone.ts';
import type { Stray } from './stray.ts';
import { orUnreadable } from './unreadable.ts';

/** As adapters/lockfile-locks.ts names them; other files in the directory are Nova's. */
const pattern = /^platter-(.+)\.(?:lock|owner)$/;

/** A lock without an owner is just being taken or given back, or was left so long ago. */
const momentMs = 60_000;

export async function auditLocks({ host, config }: EngineContext): Promise<readonly Stray[]> {
  const directory = locksDirectory(config);
  return orUnreadable(directory, null, async () => {
    const names = new Set<string>();
    for (const entry of await listDirectory(host.filesystem, directory)) {
      const name = pattern.exec(entry.name)?.[1];
      if (name !== undefined) names.add(name);
    }
    const strays: Stray[] = [];
    for (const name of names) {
      const message = await whyDead(host, directory, name);
      if (message === undefined) continue;
      strays.push({
        kind: 'dead-lock',
        path: `${directory}/platter-${name}.lock`,
        subject: null,
        allocatedBytes: null,
        message,
        hint: 'nothing to do: whoever needs it next takes it at once',
      });
    }
    return strays;
  });
}

async function whyDead(host: Host, directory: string, name: string): Promise<string | undefined> {
  const holder = await host.locks.holder(directory, name);
  if (holder !== undefined) {
    if (!(await isProvablyGone(host.facts, holder))) return undefined;
    return `process ${holder.pid} on ${holder.host} (${holder.operation}, since ${holder.since}) has ended`;
  }
  const ageMs = await ageOf(host, `${directory}/platter-${name}`);
  return ageMs === undefined || ageMs < momentMs ? undefined : 'nobody is known to hold it';
}

async function ageOf({ filesystem, clock }: Host, stem: string): Promise<number | undefined> {
  for (const path of [`${stem}.lock`, `${stem}.owner`]) {
    try {
      return clock.now() - (await filesystem.stat(path)).modifiedMs;
    } catch (error) {
      if (!isHostError(error, 'ENOENT')) throw error;
    }
  }
  return undefined;
}

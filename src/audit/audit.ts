/**
 * `platter audit`: everything on this host that no record explains, classified. Reads only, and takes no lock: what is at
 * work meanwhile is left out, and what goes while it looks is gone.
 */
import type { EngineContext } from '../images/context.ts';
import type { Driver } from '../images/driver.ts';
import { auditInstances } from './instances.ts';
import { known, merged } from './known.ts';
import { auditLocks } from './locks.ts';
import { strayKinds, type Stray } from './stray.ts';
import { auditTemplates } from './templates.ts';
import { orUnreadable } from './unreadable.ts';

/** In order of their kinds, then of their places. */
export async function audit(context: EngineContext): Promise<readonly Stray[]> {
  const found = [
    ...(await auditTemplates(context)),
    ...(await auditInstances(context)),
    ...(await auditLocks(context)),
  ];
  for (const driver of context.drivers.all()) {
    if (driver.strays === undefined) continue;
    found.push(
      ...(await orUnreadable(`${driver.type} storage`, null, () => straysOf(context, driver))),
    );
  }
  return found.sort((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** What was at work while the driver looked was so before, or is so afterwards. */
async function straysOf(context: EngineContext, driver: Driver): Promise<readonly Stray[]> {
  const before = await known(context);
  return (await driver.strays?.(async () => merged(before, await known(context)))) ?? [];
}

function rank({ kind, path }: Stray): string {
  return `${String(strayKinds.indexOf(kind)).padStart(2, '0')} ${path}`;
}

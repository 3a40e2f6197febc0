/** The operation that removes a template: only when nothing leans on it and nobody builds on it. */
import { PlatterError } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { reservePath, templatesDirectory } from '../config/layout.ts';
import type { Operation } from '../operations/perform.ts';
import type { Prepared, Session } from '../operations/step.ts';
import type { Host } from '../ports/host.ts';
import { describeHolder, leaseHolders, type HeldLease } from '../workspace/lease.ts';
import { forgetTaken, syncTaken, takeAway } from '../workspace/taken-away.ts';
import { templateOperation } from './operation.ts';
import type { TemplateCopies, TemplateIdentity } from './copies.ts';
import { removeDamageMark } from './damage.ts';
import { lookUp, noTemplateFile, templatePath, type Lookup } from './lookup.ts';
import { removalIntent } from './recover-removal.ts';
import { describeUse, usersOf } from './users.ts';
import { writeIntent } from '../workspace/workspace.ts';

export function removeOperation(
  config: Config,
  copies: TemplateCopies,
  name: string,
): Operation<void> {
  return {
    ...templateOperation(config, copies, name),
    name: 'template delete',
    reserve: reservePath(config),
    prepare: (session) => prepareRemoval(session, config, copies, name),
  };
}

async function prepareRemoval(
  session: Session,
  config: Config,
  copies: TemplateCopies,
  name: string,
): Promise<Prepared<void>> {
  const found = await lookUp(session.host, config, name);
  if (found.state === 'no file') throw noTemplateFile(name, found);
  if (found.state === 'absent') {
    throw new PlatterError('NOT_FOUND', `there is no template "${name}"`, {
      hint: 'platter template list',
    });
  }
  const identity = identityOf(found);
  const requireFree = () => requireUnused(session.host, config, copies, { name, identity });
  await requireFree();
  const { id } = session.workspace;
  const ofCopies = identity === undefined ? [] : copies.removal(identity, id);
  return {
    steps: [
      {
        description: `make sure again that nothing leans on ${templatePath(config, name)}, and remove it`,
        async run(current) {
          if (identity !== undefined && ofCopies.length > 0) {
            const { filesystem, clock } = current.host;
            const startedAt = new Date(clock.now()).toISOString();
            const intent = removalIntent(identity, id, startedAt);
            await writeIntent(filesystem, current.workspace, intent);
          }
          await removeUnused(current, config, { name, found, requireFree });
        },
      },
      ...ofCopies,
    ],
    result: () => Promise.resolve(),
  };
}

function identityOf(found: Removal['found']): TemplateIdentity | undefined {
  if (found.state === 'foreign') return undefined;
  const { name, sha256 } = found.state === 'present' ? found.template : found.record.content;
  return { name, sha256 };
}

function recordIdOf(found: Removal['found']): string | null {
  if (found.state === 'foreign') return null;
  return found.state === 'present' ? found.recordId : found.record.id;
}

interface Removal {
  readonly name: string;
  readonly found: Exclude<Lookup, { state: 'absent' | 'no file' }>;
  readonly requireFree: () => Promise<void>;
}

/**
 * The second look counts: the workspace is in place by now, so that whoever takes a lease from here on sees it and
 * waits for the lock, and whoever took one before is seen here.
 */
async function removeUnused(
  { host, workspace }: Session,
  config: Config,
  { name, found, requireFree }: Removal,
): Promise<void> {
  const { filesystem } = host;
  const recordId = recordIdOf(found);
  await requireFree();
  if (found.state !== 'lost') {
    await takeAway(filesystem, workspace, recordId);
    await syncTaken(filesystem, workspace);
  }
  await forgetTaken(filesystem, workspace, recordId);
  await removeDamageMark(filesystem, config, name);
}

/**
 * Leases first: a disk appears before its lease goes, so whoever is missed as a builder is then found as a user.
 */
async function requireUnused(
  host: Host,
  config: Config,
  copies: TemplateCopies,
  { name, identity }: { name: string; identity: TemplateIdentity | undefined },
): Promise<void> {
  const leases = await leaseHolders(host, templatesDirectory(config), name);
  const ofCopies = identity === undefined ? [] : await copies.usersOf(identity, { ifAway: 'fail' });
  const ofFile = await usersOf(host.filesystem, config, templatePath(config, name));
  const use = describeUse([...ofFile, ...ofCopies.map((image) => ({ image }))]);
  if (use === undefined && leases.length === 0) return;
  const message = use?.message ?? 'a disk is being made of it';
  throw new PlatterError('IN_USE', `the template "${name}" is in use: ${message}`, {
    details: { usedBy: [], ...use?.details, leases },
    hint: use?.hint ?? hintOnLeases(leases),
  });
}

/** Whoever holds it on another host, or in another container, may have ended long ago: nobody can tell from here. */
function hintOnLeases(leases: readonly HeldLease[]): string {
  const held = leases.map((lease) => `${describeHolder(lease)}: ${lease.path}`).join('; ');
  return `try again in a moment; where the process that makes it has ended, remove its lease (${held})`;
}

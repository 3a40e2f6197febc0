/** What all operations on one template have in common. */
import type { Config } from '../config/config.ts';
import { locksDirectory, templatesDirectory } from '../config/layout.ts';
import type { Operation, Outcome } from '../operations/perform.ts';
import type { Session } from '../operations/step.ts';
import { publicationState, takeRecordBack } from '../workspace/publication-state.ts';
import { forgetTaken, takenAway, type TakenAway } from '../workspace/taken-away.ts';
import type { Intent, Workspace } from '../workspace/workspace.ts';
import type { TemplateCopies } from './copies.ts';
import { convertedFile, receivedFile } from './drafts.ts';
import { keepDownload } from './partial-download.ts';
import { recoverRemoval } from './recover-removal.ts';

export function templateLock(config: Config, name: string) {
  return { directory: locksDirectory(config), name: `template~${name}` };
}

export function templateOperation(config: Config, copies: TemplateCopies, name: string) {
  return {
    target: name,
    directory: templatesDirectory(config),
    subject: name,
    lock: templateLock(config, name),
    slots: config.maxConcurrentDiskOps,
    limits: config.limits,
    // Templates are never changed in place: what is left of an operation is rubbish, but for what is downloaded already,
    // and for copies that were to be removed.
    recover: async (session, leftover, intent) => {
      const { filesystem } = session.host;
      const taken = await takenAway(filesystem, leftover);
      const outcome = await recoverTemplate(session, config, copies, { leftover, intent, taken });
      if (taken === undefined) return outcome;
      await forgetTaken(filesystem, leftover, taken.recordId);
      return 'finished';
    },
  } satisfies Partial<Operation<unknown>>;
}

interface Leftover {
  readonly leftover: Workspace;
  readonly intent: Intent | undefined;
  readonly taken: TakenAway | undefined;
}

async function recoverTemplate(
  session: Session,
  config: Config,
  copies: TemplateCopies,
  { leftover, intent, taken }: Leftover,
): Promise<Outcome> {
  if (intent === undefined) return recoverUnpublished(session, leftover);
  const outcome = await recoverRemoval(session, config, copies, { intent, taken });
  return outcome ?? keepDownload(session, leftover, intent);
}

/** A record whose template never got its name, and that would tell of what Nova puts there, is taken back. */
async function recoverUnpublished({ host }: Session, leftover: Workspace): Promise<Outcome> {
  const state = await publicationState(host.filesystem, leftover, [convertedFile, receivedFile]);
  if (state === 'unpublished') await takeRecordBack(host.filesystem, leftover);
  return state === 'published' ? 'finished' : 'undone';
}

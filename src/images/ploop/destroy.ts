/** Removes a ploop disk with its snapshots. */
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import { listDirectory, tidy } from '../../workspace/area.ts';
import { exists } from '../../workspace/once.ts';
import { syncTaken, takeAway, takenAway, takenPath } from '../../workspace/taken-away.ts';
import { writeIntent, type Intent, type Workspace } from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { overwrite } from '../files/overwrite.ts';
import { forgetRecord } from '../forget.ts';
import { requireNotMounted } from './disk.ts';

const operation = 'destroy';

export function destroySteps(facts: ImageFacts, { wipe }: { wipe: boolean }): readonly Step[] {
  return [
    {
      description: `remove ${facts.path} with its snapshots`,
      async run({ host, workspace }) {
        const { filesystem, clock } = host;
        await requireNotMounted(filesystem, facts);
        const startedAt = new Date(clock.now()).toISOString();
        const intent = { operation, backend: 'ploop', startedAt, isWiped: wipe };
        await writeIntent(filesystem, workspace, intent);
        await takeAway(filesystem, workspace, facts.recordId);
        await syncTaken(filesystem, workspace);
      },
    },
    ...(wipe
      ? [
          {
            description: 'overwrite its content with zeros',
            bytes: facts.allocatedBytes,
            run: (session: Session) =>
              wipeRemoved(session, takenPath(session.workspace, facts.recordId)),
          },
        ]
      : []),
    { description: 'forget it', run: (session) => forget(session, facts) },
  ];
}

async function wipeRemoved(session: Session, taken: string): Promise<void> {
  const entries = await listDirectory(session.host.filesystem, taken);
  const files = entries.filter(({ kind }) => kind === 'file');
  await overwrite(session, ...files.map(({ name }) => `${taken}/${name}`));
}

/** The disk is gone: what else cannot be cleared away now the next operation does. */
async function forget(session: Session, facts: ImageFacts): Promise<void> {
  const { host, workspace } = session;
  const { filesystem, events } = host;
  const { directory } = workspace;
  await forgetRecord(session, facts.recordId);
  try {
    await filesystem.removeTree(workspace.path);
    await tidy(filesystem, directory);
  } catch (error) {
    events.emit({ type: 'warning', message: `cannot clear up after it: ${String(error)}` });
  }
}

/** Once it is taken away it is gone, and what was to be wiped is wiped. Undefined when the intent is another's. */
export async function recoverDestroy(
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome | undefined> {
  if (intent.operation !== operation) return undefined;
  const { filesystem } = session.host;
  const taken = await takenAway(filesystem, leftover);
  if (taken === undefined) {
    const isThere = await exists(filesystem, `${leftover.directory}/${leftover.name}`);
    return isThere ? 'undone' : 'finished';
  }
  if (intent['isWiped'] === true) await wipeRemoved(session, taken.path);
  return 'finished';
}

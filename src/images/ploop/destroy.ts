/** Removes a ploop disk with its snapshots. */
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import { listDirectory, tidy } from '../../workspace/area.ts';
import { exists, renameOnce } from '../../workspace/once.ts';
import { removeRecord } from '../../workspace/record.ts';
import { writeIntent, type Intent, type Workspace } from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { overwrite } from '../files/destroy.ts';
import { requireNotMounted } from './disk.ts';

const operation = 'destroy';
const removed = 'removed';

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
        await renameOnce(filesystem, facts.path, `${workspace.path}/${removed}`);
        await filesystem.syncDirectory(workspace.path);
        await filesystem.syncDirectory(workspace.directory);
      },
    },
    ...(wipe
      ? [
          {
            description: 'overwrite its content with zeros',
            bytes: facts.allocatedBytes,
            run: (session: Session) => wipeRemoved(session, session.workspace),
          },
        ]
      : []),
    { description: 'forget it', run: (session) => forget(session, facts) },
  ];
}

async function wipeRemoved(session: Session, { path }: Workspace): Promise<void> {
  for (const { name, kind } of await listDirectory(session.host.filesystem, `${path}/${removed}`)) {
    if (kind === 'file') await overwrite(session, `${path}/${removed}/${name}`);
  }
}

/** The disk is gone: what cannot be forgotten now is found to describe nothing by the next operation. */
async function forget({ host, workspace }: Session, facts: ImageFacts): Promise<void> {
  const { filesystem, events } = host;
  const { directory } = workspace;
  try {
    if (facts.recordId !== null) {
      await removeRecord(filesystem, directory, facts.address.disk, facts.recordId);
    }
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
  if (!(await exists(session.host.filesystem, `${leftover.path}/${removed}`))) return 'undone';
  if (intent['isWiped'] === true) await wipeRemoved(session, leftover);
  return 'finished';
}

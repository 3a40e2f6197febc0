/** What operations on volumes write down before they begin, for whoever has to finish or undo them. */
import type { Session } from '../../operations/step.ts';
import { parentOf } from '../../workspace/area.ts';
import { replaceIntent, writeIntent, type Intent } from '../../workspace/workspace.ts';

export type LvmOperation =
  | 'lvm create'
  | 'lvm grow'
  | 'lvm snapshot create'
  | 'lvm snapshot delete'
  | 'lvm restore'
  | 'lvm restore by copy'
  | 'lvm destroy';

type Details = Readonly<Record<string, unknown>>;

export async function begin(
  session: Session,
  operation: LvmOperation,
  details: Details = {},
): Promise<void> {
  const { host, workspace } = session;
  await writeIntent(host.filesystem, workspace, intentOf(session, operation, details));
  // The volumes outlive a power cut: so must all that leads to the workspace, which may be the first of its instance.
  await host.filesystem.syncDirectory(workspace.directory, parentOf(workspace.directory));
}

/** The next part of what has begun; from here on that one is to be finished or undone. */
export function goOn(session: Session, operation: LvmOperation, details: Details): Promise<void> {
  const { host, workspace } = session;
  return replaceIntent(host.filesystem, workspace, intentOf(session, operation, details));
}

/** `id` is the operation's own, by which its private volumes are named: the workspace gets another when it is taken over. */
function intentOf({ host, workspace }: Session, operation: LvmOperation, details: Details): Intent {
  return {
    operation,
    backend: 'lvm',
    startedAt: new Date(host.clock.now()).toISOString(),
    id: workspace.id,
    ...details,
  };
}

export function idOf(intent: Intent): string {
  return String(intent['id']);
}

/** What operations on volumes write down before they begin, for whoever has to finish or undo them. */
import type { Session } from '../../operations/step.ts';
import { parentOf } from '../../workspace/area.ts';
import { writeIntent, type Intent } from '../../workspace/workspace.ts';

export type LvmOperation =
  | 'lvm create'
  | 'lvm grow'
  | 'lvm snapshot create'
  | 'lvm snapshot delete'
  | 'lvm restore'
  | 'lvm restore by copy'
  | 'lvm destroy';

/** `id` is the operation's own, by which its private volumes are named: the workspace gets another when it is taken over. */
export async function begin(
  { host, workspace }: Session,
  operation: LvmOperation,
  details: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await writeIntent(host.filesystem, workspace, {
    operation,
    backend: 'lvm',
    startedAt: new Date(host.clock.now()).toISOString(),
    id: workspace.id,
    ...details,
  });
  // The volumes outlive a power cut: so must all that leads to the workspace, which may be the first of its instance.
  await host.filesystem.syncDirectory(workspace.directory, parentOf(workspace.directory));
}

export function idOf(intent: Intent): string {
  return String(intent['id']);
}

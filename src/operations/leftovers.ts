/** Finishes or undoes what an operation left, be it that it failed or that its process died. */
import type { Filesystem } from '../ports/filesystem.ts';
import { areaPath, snapshotsPath, tidy } from '../workspace/area.ts';
import { exists } from '../workspace/once.ts';
import {
  abandonIntent,
  isTakenOver,
  leftoverWorkspaces,
  readIntent,
  takeOver,
  type Workspace,
} from '../workspace/workspace.ts';
import type { Operation, Outcome } from './perform.ts';
import type { Session } from './step.ts';

export async function recoverLeftovers<Result>(
  session: Session,
  operation: Operation<Result>,
): Promise<void> {
  const { filesystem, random, events } = session.host;
  for (const leftover of await leftoverWorkspaces(
    filesystem,
    operation.directory,
    operation.subject,
  )) {
    const taken = await takeOver(filesystem, random, leftover);
    if (taken === undefined) continue;
    const outcome = await recoverWorkspace(session, operation, taken);
    events.emit({
      type: 'recovered',
      operation: operation.name,
      target: operation.target,
      outcome,
    });
  }
}

export async function recoverWorkspace<Result>(
  session: Session,
  operation: Operation<Result>,
  workspace: Workspace,
): Promise<Outcome> {
  const { filesystem } = session.host;
  await syncPublished(filesystem, workspace);
  const intent = await readIntent(filesystem, workspace);
  const outcome = await operation.recover(session, workspace, intent);
  // Or a power cut would bring it back, and a snapshot be restored again over what was written since. (What was received
  // of a download is kept, and its workspace with it, under another name.)
  if (intent !== undefined && !(await isTakenOver(filesystem, workspace))) {
    await abandonIntent(filesystem, workspace);
  }
  await clearAway(filesystem, workspace);
  return outcome;
}

/** What was published a moment before may not be durable, and will be gone by, or told of, as if it were. */
async function syncPublished(
  filesystem: Filesystem,
  { directory, name }: Workspace,
): Promise<void> {
  await filesystem.syncDirectory(directory);
  const snapshots = snapshotsPath(directory, name);
  if (!(await exists(filesystem, snapshots))) return;
  await filesystem.syncDirectory(snapshots, areaPath(directory));
}

/** What there is of a workspace that matters to nobody. */
export async function clearAway(filesystem: Filesystem, workspace: Workspace): Promise<void> {
  await filesystem.removeTree(workspace.path);
  await tidy(filesystem, workspace.directory);
}

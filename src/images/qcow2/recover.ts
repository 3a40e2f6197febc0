/** Finishes or undoes changes of a qcow2 file that were broken off. */
import { isHostError } from '../../errors.ts';
import { managed } from '../../ingress/proven.ts';
import type { Config } from '../../config/config.ts';
import type { Outcome } from '../../operations/perform.ts';
import { runQemuImg } from '../../operations/run-qemu-img.ts';
import type { Session } from '../../operations/step.ts';
import { qemuImgSnapshot } from '../../tools/qemu-img/argv.ts';
import { unknownOperation, type Intent, type Workspace } from '../../workspace/workspace.ts';
import { growOperation, recoverGrowth } from '../files/grow.ts';
import { linkPath } from '../files/in-place.ts';
import { describeQcow2, repairLeaks } from '../files/qcow2-state.ts';
import { restoreLostTable } from './snapshot-table.ts';
import { isSnapshotOperation, snapshotOperation } from './snapshots.ts';

export async function recoverQcow2(
  session: Session,
  config: Config,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  if (intent.operation === growOperation) return recoverGrowth(session, leftover, intent);
  if (!isSnapshotOperation(intent.operation)) throw unknownOperation(leftover, intent);
  const path = linkPath(leftover);
  try {
    await session.host.filesystem.stat(path);
  } catch (error) {
    // Without the link nothing was begun.
    if (isHostError(error, 'ENOENT')) return 'undone';
    throw error;
  }
  return recoverSnapshot(session, config, path, intent);
}

/** A snapshot is in the table or not; one that was being brought back is brought back again. */
async function recoverSnapshot(
  session: Session,
  config: Config,
  path: string,
  intent: Intent,
): Promise<Outcome> {
  const { filesystem } = session.host;
  const name = String(intent['name']);
  await restoreLostTable(filesystem, path, String(intent['table']));
  const { snapshots, virtualSizeBytes } = await describeQcow2(filesystem, path);
  const snapshot = snapshots.find((known) => known.name === name);
  const isApply = intent.operation === snapshotOperation('apply');
  if (isApply && snapshot !== undefined) {
    const image = managed(path, 'qcow2', virtualSizeBytes);
    await runQemuImg(session, qemuImgSnapshot('apply', image, snapshot.id), {
      action: 'finish restoring the snapshot',
      effect: 'in place',
      timeoutMs: config.limits.toolTimeoutSeconds * 1000,
    });
  }
  await repairLeaks(session, path, { hasOwnTables: true });
  await filesystem.sync(path);
  if (isApply) return snapshot === undefined ? 'undone' : 'finished';
  const isCreate = intent.operation === snapshotOperation('create');
  return (snapshot !== undefined) === isCreate ? 'finished' : 'undone';
}

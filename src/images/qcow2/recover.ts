/** Finishes or undoes changes of a qcow2 file that were broken off. */
import { isHostError } from '../../errors.ts';
import { managed } from '../../ingress/proven.ts';
import type { Config } from '../../config/config.ts';
import { formatAddress } from '../../names.ts';
import type { Outcome } from '../../operations/perform.ts';
import { runQemuImg } from '../../operations/run-qemu-img.ts';
import type { Session } from '../../operations/step.ts';
import { qemuImgSnapshot } from '../../tools/qemu-img/argv.ts';
import {
  imageOf,
  unknownOperation,
  type Intent,
  type Workspace,
} from '../../workspace/workspace.ts';
import { growOperation, recoverGrowth } from '../files/grow.ts';
import { linkPath } from '../files/in-place.ts';
import { describeQcow2, repairLeaks } from '../files/qcow2-state.ts';
import { restoreState } from './active-table.ts';
import { restoreLostTable } from './snapshot-table.ts';
import { activeTablePath, isSnapshotOperation, snapshotOperation } from './snapshots.ts';

/** Of 16 characters an entry, that of 64 TiB has a little more than 2 MiB. */
const activeTableBytesMost = 64 * 1024 * 1024;

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
  const isApply = intent.operation === snapshotOperation('apply');
  return isApply
    ? recoverApply(session, config, leftover, intent)
    : recoverSnapshot(session, path, intent);
}

/** A snapshot is in the table or not. */
async function recoverSnapshot(session: Session, path: string, intent: Intent): Promise<Outcome> {
  const { filesystem } = session.host;
  await restoreLostTable(filesystem, path, String(intent['table']));
  const { snapshots } = await describeQcow2(filesystem, path);
  const isThere = snapshots.some(({ name }) => name === intent['name']);
  await repairLeaks(session, path, { hasOwnTables: true });
  await filesystem.sync(path);
  const isCreate = intent.operation === snapshotOperation('create');
  return isThere === isCreate ? 'finished' : 'undone';
}

/**
 * One that was brought back is brought back again, should the end be missing. Where it cannot be told, nothing is: a machine
 * may have been started on the disk since, and the snapshot is still there.
 */
async function recoverApply(
  session: Session,
  config: Config,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  const { filesystem, events } = session.host;
  const path = linkPath(leftover);
  const table = await filesystem.readText(activeTablePath(leftover), activeTableBytesMost);
  const [id, sizeBytes] = [String(intent['id']), Number(intent['sizeBytes'])];
  const state = await restoreState(filesystem, path, { table, sizeBytes, id });
  if (state === 'restored') {
    const image = managed(path, 'qcow2', (await describeQcow2(filesystem, path)).virtualSizeBytes);
    await runQemuImg(session, qemuImgSnapshot('apply', image, id), {
      action: 'finish restoring the snapshot',
      effect: 'in place',
      timeoutMs: config.limits.toolTimeoutSeconds * 1000,
    });
  }
  if (state === 'neither') {
    const message = `${formatAddress(imageOf(leftover))} was written to since bringing back ${String(intent['name'])} was broken off, or has a part of it: it stays as it is`;
    events.emit({ type: 'warning', message });
  }
  await repairLeaks(session, path, { hasOwnTables: true });
  await filesystem.sync(path);
  return state === 'restored' ? 'finished' : 'undone';
}

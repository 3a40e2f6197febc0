/** Grows volumes. What they grow by reads as zeros, whatever was there before (growth is a no-op in the original, B072). */
import { PlatterError } from '../../errors.ts';
import { formatAddress } from '../../names.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import { activate, deactivate, lvextend, requireSmaller } from '../../tools/lvm/argv.ts';
import type { Volume } from '../../tools/lvm/report.ts';
import {
  abandonIntent,
  completeIntent,
  type Intent,
  type Workspace,
} from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { syncContent, writeZeros } from './content.ts';
import { closeAnyMap, growMap, keyOf, openMap, requireSecret } from './crypt.ts';
import type { DiskKey } from './disk-key.ts';
import { begin, keyIn } from './intent.ts';
import { devicePath } from './names.ts';
import {
  readGroup,
  requireGroupRoom,
  requirePool,
  requirePoolRoom,
  requireWritable,
  type Place,
} from './place.ts';
import { activateVolume, changeVolumes } from './run.ts';
import { requireImageVolume } from './snapshots.ts';

export async function growSteps(
  place: Place,
  { address, virtualSizeBytes }: ImageFacts,
  sizeBytes: number,
): Promise<readonly Step[]> {
  const { group, host } = place;
  const state = await readGroup(place, host);
  const volume = requireImageVolume(state, address);
  if (volume.kind === 'origin') throw hasClassicSnapshots(formatAddress(address));
  requireWritable(volume);
  const { name } = volume;
  const command = lvextend(group, name, sizeBytes);
  const key = await keyOf(place, place, volume);
  await requireSecret(place, volume, key);
  const added = addedTo(volume, { fromBytes: virtualSizeBytes, toBytes: sizeBytes, key });
  // What is zeroed must be what was added: not what somebody else has added meanwhile, and written to.
  const writtenBytes = isZeroed(added) ? sizeBytes - virtualSizeBytes : 0;
  if (volume.kind === 'thin') requirePoolRoom(requirePool(state, volume.pool), writtenBytes);
  else requireGroupRoom(state, writtenBytes);
  const guard = isZeroed(added)
    ? [requireSmaller(group, name, virtualSizeBytes + state.extentBytes)]
    : [];
  return [
    {
      description: `grow volume ${name} to ${sizeBytes} bytes`,
      command,
      async run(session) {
        const { workspace } = session;
        await begin(session, state, 'lvm grow', {
          volume: name,
          fromBytes: virtualSizeBytes,
          sizeBytes,
          key,
        });
        const commands = [activate(group, name), ...guard, command];
        const change = { action: 'grow the disk', commands };
        try {
          await changeVolumes(place, session, workspace, change);
        } catch (error) {
          if (!PlatterError.is(error) || error.code !== 'CANNOT_SHRINK') throw error;
          // Not to be recovered: what it has by now somebody else has added.
          await abandonIntent(session.host.filesystem, workspace);
          throw wasResized(error);
        }
        await zeroAdded(place, session, name, added);
        await completeIntent(session.host.filesystem, workspace);
      },
    },
  ];
}

/** LVM can neither grow the origin of classic snapshots while it is in use, nor make it smaller again for a restore. */
function hasClassicSnapshots(name: string): PlatterError {
  return new PlatterError('IN_USE', `${name} cannot grow: it is a thick volume with snapshots`, {
    hint: 'delete its snapshots first; disks in a thin pool grow with theirs',
  });
}

/** It was not as large as it was planned: nothing was changed. */
function wasResized(error: PlatterError): PlatterError {
  return new PlatterError('LOCKED', 'somebody else resizes the disk', {
    details: error.details,
    hint: 'look at its size, and try again',
    cause: error,
  });
}

interface Added {
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly key: DiskKey | undefined;
  readonly isThick: boolean;
}

function addedTo(volume: Volume, range: Omit<Added, 'isThick'>): Added {
  return { ...range, isThick: volume.kind !== 'thin' };
}

/** What a pool adds reads as zeros by itself, where nothing decrypts it. */
function isZeroed({ key, isThick }: Added): boolean {
  return isThick || key !== undefined;
}

async function zeroAdded(
  place: Place,
  session: Session,
  name: string,
  added: Added,
): Promise<void> {
  if (!isZeroed(added)) return;
  const { fromBytes, toBytes, key } = added;
  let device = devicePath(place.group, name);
  if (key !== undefined) {
    device = await openMap(place, session, name, key);
    await growMap(place, session, name);
  }
  await writeZeros(session, device, { fromBytes, toBytes });
  await syncContent(session, device);
}

/**
 * The size tells whether it grew; then what it grew by is zeroed again, for nobody was told of it yet. Not while anything has
 * the disk open (IN_USE), nor where somebody else has resized it: they may have written there. What somebody has written and
 * closed again, between the end of the one process and the recovery by another, nobody can tell from what was there before.
 */
export async function recoverGrowth(
  place: Place,
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  const name = String(intent['volume']);
  const state = await readGroup(place, session.host);
  const volume = state.volumes.find((known) => known.name === name);
  const toBytes = Number(intent['sizeBytes']);
  if (volume === undefined) return 'undone';
  // Grown or not: LVM that was killed has left it suspended, and so whatever machine uses it.
  await activateVolume(place, session, leftover, name);
  if (volume.sizeBytes < toBytes) return 'undone';
  const added = addedTo(volume, {
    fromBytes: Number(intent['fromBytes']),
    toBytes,
    key: keyIn(place, intent, volume),
  });
  if (volume.sizeBytes > toBytes || !isZeroed(added)) return 'finished';
  await closeAnyMap(place, session, volume);
  await activateVolume(place, session, leftover, name, {
    action: 'make sure that nothing uses the disk',
    before: [deactivate(place.group, name)],
  });
  await zeroAdded(place, session, name, added);
  return 'finished';
}

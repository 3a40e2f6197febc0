/** Grows volumes. What they grow by reads as zeros, whatever was there before (growth is a no-op in the original, B072). */
import { PlatterError } from '../../errors.ts';
import { formatAddress } from '../../names.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import { activate, lvextend } from '../../tools/lvm/argv.ts';
import { completeIntent, type Intent, type Workspace } from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { syncContent, writeZeros } from './content.ts';
import { growMap, openMap } from './crypt.ts';
import { imageVolume } from './facts.ts';
import { begin } from './intent.ts';
import { devicePath, tagOf, volumeName } from './names.ts';
import {
  readGroup,
  requireGroupRoom,
  requirePool,
  requirePoolRoom,
  requireWritable,
  type Place,
} from './place.ts';
import { activateVolume, changeVolumes } from './run.ts';

export async function growSteps(
  place: Place,
  { address, virtualSizeBytes }: ImageFacts,
  sizeBytes: number,
): Promise<readonly Step[]> {
  const { group, host } = place;
  const state = await readGroup(place, host);
  const volume = imageVolume(state, address);
  if (volume?.kind === 'origin') throw hasClassicSnapshots(formatAddress(address));
  if (volume !== undefined) requireWritable(volume);
  if (volume?.kind === 'thin') requirePoolRoom(requirePool(state, volume.pool), 0);
  else requireGroupRoom(state, sizeBytes - virtualSizeBytes);
  const name = volumeName(address);
  const command = lvextend(group, name, sizeBytes);
  return [
    {
      description: `grow volume ${name} to ${sizeBytes} bytes`,
      command,
      async run(session) {
        const { workspace } = session;
        await begin(session, 'lvm grow', { volume: name, fromBytes: virtualSizeBytes, sizeBytes });
        const commands = [activate(group, name), command];
        const change = { action: 'grow the disk', commands };
        await changeVolumes(place, session, workspace, change);
        const keyId = volume === undefined ? undefined : tagOf(volume, 'key');
        const isThick = volume?.kind !== 'thin';
        await zeroAdded(place, session, name, {
          fromBytes: virtualSizeBytes,
          toBytes: sizeBytes,
          keyId,
          isThick,
        });
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

interface Added {
  readonly fromBytes: number;
  readonly toBytes: number;
  readonly keyId: string | undefined;
  readonly isThick: boolean;
}

async function zeroAdded(
  place: Place,
  session: Session,
  name: string,
  { fromBytes, toBytes, keyId, isThick }: Added,
): Promise<void> {
  let device = devicePath(place.group, name);
  if (keyId !== undefined) {
    device = await openMap(place, session, name, keyId);
    await growMap(place, session, name);
  } else if (!isThick) {
    return;
  }
  await writeZeros(session, device, { fromBytes, toBytes });
  await syncContent(session, device);
}

/** The size tells whether it grew; then what it grew by is zeroed again, for nobody was told of it yet. */
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
  const fromBytes = Number(intent['fromBytes']);
  const added = {
    fromBytes,
    toBytes,
    keyId: tagOf(volume, 'key'),
    isThick: volume.kind !== 'thin',
  };
  await zeroAdded(place, session, name, added);
  return 'finished';
}

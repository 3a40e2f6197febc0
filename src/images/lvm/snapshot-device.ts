/** Snapshots as something to read from: thin ones are not active by themselves, classic ones go with their origin. */
import { PlatterError } from '../../errors.ts';
import type { Session } from '../../operations/step.ts';
import { activate, deactivate, lvs } from '../../tools/lvm/argv.ts';
import { parseLvs, type Volume } from '../../tools/lvm/report.ts';
import { devicePath, tagOf } from './names.ts';
import { readGroup, volumeNamed, type Place } from './place.ts';
import { changeVolumes } from './run.ts';

/** `use` is given the device of the snapshot. NOT_FOUND where it has gone, CORRUPT where its content has. */
export async function withSnapshot<Result>(
  place: Place,
  session: Session,
  name: string,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const volume = requireReadable(volumeNamed(await readGroup(place, session.host), name));
  const path = devicePath(place.group, name);
  if (volume.kind !== 'thin') {
    if (!volume.isActive) await activateClassic(place, session, volume);
    return use(path);
  }
  const change = (action: string, command: ReturnType<typeof activate>) =>
    changeVolumes(place, session, session.workspace, { action, commands: [command] });
  await change('activate the snapshot', activate(place.group, name));
  try {
    return await use(path);
  } finally {
    await change('deactivate the snapshot', deactivate(place.group, name)).catch(
      (error: unknown) => {
        session.host.events.emit({
          type: 'warning',
          message: `a snapshot stays active: ${String(error)}`,
        });
      },
    );
  }
}

/** With its origin, as after the host was started anew. Only an active one tells whether its store overflowed. */
async function activateClassic(place: Place, session: Session, { name, origin }: Volume) {
  const stdout = await changeVolumes(place, session, session.workspace, {
    action: 'activate the snapshot',
    commands: [activate(place.group, origin), lvs(place.group)],
  });
  const now = parseLvs(stdout);
  requireReadable(now && volumeNamed(now, name));
}

export function requireReadable(volume: Volume | undefined): Volume {
  if (volume === undefined) {
    throw new PlatterError('NOT_FOUND', 'the snapshot has gone meanwhile');
  }
  if (!volume.isInvalid) return volume;
  throw new PlatterError('CORRUPT', 'the content of the snapshot is lost: its store overflowed', {
    details: { volume: volume.name, snapshot: tagOf(volume, 'snapshot') },
    hint: 'delete it',
  });
}

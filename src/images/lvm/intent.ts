/** What operations on volumes write down before they begin, for whoever has to finish or undo them. */
import { PlatterError } from '../../errors.ts';
import type { Session } from '../../operations/step.ts';
import type { Volume, VolumeGroup } from '../../tools/lvm/report.ts';
import { parentOf } from '../../workspace/area.ts';
import { replaceIntent, writeIntent, type Intent } from '../../workspace/workspace.ts';
import { taggedKey, type DiskKey } from './disk-key.ts';
import type { Place } from './place.ts';

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
  group: VolumeGroup,
  operation: LvmOperation,
  details: Details = {},
): Promise<void> {
  const { host, workspace } = session;
  const intent = intentOf(session, group, { operation, ...details });
  await writeIntent(host.filesystem, workspace, intent);
  // The volumes outlive a power cut: so must all that leads to the workspace, which may be the first of its instance.
  await host.filesystem.syncDirectory(workspace.directory, parentOf(workspace.directory));
}

/** The next part of what has begun; from here on that one is to be finished or undone. */
export function goOn(
  session: Session,
  group: VolumeGroup,
  operation: LvmOperation,
  details: Details,
): Promise<void> {
  const { host, workspace } = session;
  const intent = intentOf(session, group, { operation, ...details });
  return replaceIntent(host.filesystem, workspace, intent);
}

/** `id` is the operation's own, by which its private volumes are named: the workspace gets another when it is taken over. */
function intentOf(
  { host, workspace }: Session,
  { name, uuid }: VolumeGroup,
  details: Details & { operation: LvmOperation },
): Intent {
  return {
    backend: 'lvm',
    startedAt: new Date(host.clock.now()).toISOString(),
    id: workspace.id,
    volumeGroup: { name, uuid },
    ...details,
  };
}

/** CONFIG_INVALID where it was begun in another group: what has the names of its volumes here is none of its business. */
export function requireSameGroup(intent: Intent, group: VolumeGroup): void {
  const begun = intent['volumeGroup'] as { name: string; uuid: string } | undefined;
  if (begun === undefined || begun.uuid === group.uuid) return;
  throw new PlatterError(
    'CONFIG_INVALID',
    `an operation that was interrupted was about volume group "${begun.name}" (${begun.uuid})`,
    {
      details: { key: 'lvm.volume_group', interrupted: begun, configured: group.name },
      hint: `set lvm.volume_group to the group that it was then, and run platter recover`,
    },
  );
}

/** Of the disk that it is about. One of Nova's did not say it itself, and is not mapped any more maybe. */
export function keyIn(place: Place, intent: Intent, disk: Volume): DiskKey | undefined {
  return taggedKey(place, disk) ?? (intent['key'] as DiskKey | undefined);
}

export function idOf(intent: Intent): string {
  return String(intent['id']);
}

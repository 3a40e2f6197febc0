/**
 * Templates in a thin pool: a read-only volume each, imported once by whoever comes first, of which disks are snapshots.
 *
 * It is known by its name, and trusted for its tag: the digest of the template, given to it before it got that name.
 */
import { locksDirectory } from '../../config/layout.ts';
import { PlatterError } from '../../errors.ts';
import type { Session, Step } from '../../operations/step.ts';
import { roundUp } from '../../sizes.ts';
import { createThin, deactivate, lvremove, lvrename, setPermission } from '../../tools/lvm/argv.ts';
import type { Volume, VolumeGroup } from '../../tools/lvm/report.ts';
import type { Base } from '../driver.ts';
import { syncContent, writeContent } from './content.ts';
import { devicePath, privateName, tag, tagOf, templateVolumeName } from './names.ts';
import { readGroup, requirePool, requirePoolRoom, volumeNamed, type Place } from './place.ts';
import { changeVolumes } from './run.ts';

export type TemplateBase = Extract<Base, { kind: 'template' }>;

/** Undefined where it was not imported yet; ALREADY_EXISTS where its name is somebody else's. */
export function findTemplateVolume(
  group: VolumeGroup,
  pool: string,
  { sha256, name }: TemplateBase,
): Volume | undefined {
  const volume = volumeNamed(group, templateVolumeName(sha256, pool));
  if (volume === undefined) return undefined;
  const isOurs =
    volume.kind === 'thin' &&
    volume.pool === pool &&
    volume.isReadOnly &&
    tagOf(volume, 'template') === sha256;
  if (isOurs) return volume;
  throw new PlatterError('ALREADY_EXISTS', `the name for template "${name}" is taken`, {
    details: { volumeGroup: group.name, volume: volume.name },
    hint: 'platter did not make that volume, and does not use it: rename it',
  });
}

export function importTemplateStep(place: Place, pool: string, base: TemplateBase): Step {
  const name = templateVolumeName(base.sha256, pool);
  return {
    description: `import template ${base.name} as read-only thin volume ${name}`,
    bytes: base.fileSizeBytes,
    async run(session) {
      const { host, signal } = session;
      // It saves work; the rename at the end is what lets one alone win.
      const lock = await host.locks.acquire({
        directory: locksDirectory(place.config),
        name: `lvm~${place.group}~${name}`,
        operation: `import template ${base.name}`,
        waitMs: Infinity,
        signal,
        onWait: (holder) => host.events.emit({ type: 'waiting', lock: name, holder }),
      });
      try {
        const group = await readGroup(place, host);
        if (findTemplateVolume(group, pool, base) !== undefined) return;
        await importTemplate(place, session, { group, pool, base });
      } finally {
        await lock.release();
      }
    },
  };
}

interface Import {
  readonly group: VolumeGroup;
  readonly pool: string;
  readonly base: TemplateBase;
}

async function importTemplate(
  place: Place,
  session: Session,
  { group, pool, base }: Import,
): Promise<void> {
  const { workspace, host } = session;
  const part = `${privateName(workspace.id)}-template`;
  const { allocatedBytes } = await host.filesystem.stat(base.image.path);
  requirePoolRoom(requirePool(group, pool), allocatedBytes);
  const sizeBytes = roundUp(base.image.virtualSizeBytes, group.extentBytes);
  const tags = [tag('made', workspace.id), tag('template', base.sha256)];
  await changeVolumes(place, session, workspace, {
    action: 'make a volume for the template',
    commands: createThin({ group: group.name, name: part, tags, pool, sizeBytes }),
  });
  const device = devicePath(group.name, part);
  await writeContent(place, session, base.image, device);
  await syncContent(session, device);
  await publishTemplate(place, session, part, { group, pool, base });
}

async function publishTemplate(
  place: Place,
  session: Session,
  part: string,
  { group, pool, base }: Import,
): Promise<void> {
  const { name } = group;
  const target = templateVolumeName(base.sha256, pool);
  const commands = [
    setPermission(name, part, 'r'),
    deactivate(name, part),
    lvrename(name, part, target),
  ];
  const change = { action: 'publish the volume of the template', commands };
  try {
    await changeVolumes(place, session, session.workspace, change);
  } catch (error) {
    if (!PlatterError.is(error) || error.code !== 'ALREADY_EXISTS') throw error;
    // Somebody else was faster: theirs is as good, if it is one.
    if (findTemplateVolume(await readGroup(place, session.host), pool, base) === undefined) {
      throw error;
    }
    await changeVolumes(place, session, session.workspace, {
      action: 'remove a volume of no use',
      commands: [lvremove(name, part)],
    });
  }
}

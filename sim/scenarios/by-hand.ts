/**
 * Somebody who is not platter removes a disk by the means of its storage: `rm`, `lvremove`. What platter keeps about the
 * disk stays. Or the store of templates.
 */
import { parentOf } from '../../src/workspace/area.ts';
import { simExecutor } from '../executor.ts';
import { diskPath, flatSnapshotsPath, instancesPath } from '../model/layout.ts';
import { remainsOf, volumeName } from '../model/volume-store.ts';
import type { Performer } from './perform.ts';
import type { OperationSpec } from './scenario.ts';

/** How long somebody waits for a tool. */
const patienceMs = 60_000;

/**
 * Whatever comes of it. Or all that its instance has; or, as the engine asks for where they are in the way, the snapshots that the disk has left, and the
 * pool that was its own.
 */
export async function removeByHand(performer: Performer, spec: OperationSpec): Promise<void> {
  const { world, process } = performer;
  const { group } = world.stores;
  if (spec.other === 'instance') return removeInstance(performer, spec.subject);
  if (group === undefined) return removeFiles(performer, spec);
  const names =
    spec.other === 'snapshots' ? remainsOf(group, spec.subject) : [volumeName(spec.subject)];
  if (names.length === 0) return;
  const args = ['-f', ...names.map((name) => `${group.name}/${name}`)];
  await simExecutor(world, process).run({ file: 'lvremove', args }, { timeoutMs: patienceMs });
}

/** `rm -r vm1`, as Nova does: of disks, and of what platter keeps. */
function removeInstance(performer: Performer, address: string): Promise<void> {
  return removeDirectory(performer, parentOf(diskPath(address)));
}

/** `rm -r _base`: templates, whatever leans on them, and what platter keeps about them. */
export function removeStore(performer: Performer): Promise<void> {
  return removeDirectory(performer, `${instancesPath}/_base`);
}

/** One name after another, and durably. */
async function removeDirectory({ world, process }: Performer, directory: string): Promise<void> {
  const { volume } = world;
  const remove = async (path: string): Promise<void> => {
    const names = await world.call(process, 'stranger.list', path, () =>
      volume.peek(path)?.kind === 'directory' ? volume.list(path).map(([name]) => name) : undefined,
    );
    for (const name of names ?? []) await remove(`${path}/${name}`);
    await world.call(process, 'stranger.remove', path, () => {
      const inode = volume.peek(path);
      if (inode === undefined) return;
      if (inode.kind !== 'directory') volume.unlink(path);
      else if (volume.list(path).length === 0) volume.removeDirectory(path);
    });
  };
  await remove(directory);
  await world.call(process, 'stranger.sync', '/', () => volume.syncDirectory(instancesPath));
}

/** Durably. A machine that has it open is none of the remover's business. */
function removeFiles(
  { world, process }: Performer,
  { subject, other }: OperationSpec,
): Promise<void> {
  const path = other === 'snapshots' ? flatSnapshotsPath(subject) : diskPath(subject);
  return world.call(process, 'stranger.remove file', path, () => {
    const { volume } = world;
    if (volume.peek(path) === undefined) return;
    if (other === 'snapshots') {
      if (volume.peek(diskPath(subject)) !== undefined) return;
      for (const [name] of [...volume.list(path)]) volume.unlink(`${path}/${name}`);
      volume.removeDirectory(path);
    } else volume.unlink(path);
    volume.syncDirectory(parentOf(path));
  });
}

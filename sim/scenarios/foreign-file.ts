/** Somebody who is not platter, as an operator or another manager of machines, puts a file where a disk is to be, or removes one. */
import { parentOf } from '../../src/workspace/area.ts';
import { foreignFiles } from '../model/foreign-files.ts';
import { diskPath, flatSnapshotsPath } from '../model/layout.ts';
import { importContent } from './contents.ts';
import type { Performer } from './perform.ts';
import type { OperationSpec } from './scenario.ts';

const pattern = 190;

/** Whole and durable at once, and only where nothing is yet. */
export function putForeignFile(
  { world, process, number }: Performer,
  address: string,
): Promise<void> {
  const path = diskPath(address);
  return world.call(process, 'stranger.put file', path, () => {
    const { volume } = world;
    if (volume.peek(path) !== undefined) return;
    const directory = parentOf(path);
    if (volume.peek(directory) === undefined) volume.create(directory, 'directory', 0o755);
    const draft = `/outside/foreign-${number}`;
    const inode = volume.create(draft, 'file', 0o644, '');
    const content = importContent(pattern);
    volume.setContent(inode, content, draft);
    volume.sync(inode);
    foreignFiles(world).set(address, { inode, content });
    volume.link(draft, path);
    volume.unlink(draft);
    for (let above = directory; above !== '/'; above = parentOf(above)) {
      volume.syncDirectory(above);
    }
  });
}

/**
 * Durably; what platter keeps about the disk stays. (A machine that has it open is none of the remover's business.) Its
 * snapshots go by an order of their own, as the engine asks for where they are in the way.
 */
export function removeByHand(
  { world, process }: Performer,
  { subject, other }: OperationSpec,
): Promise<void> {
  const path = other === 'snapshots' ? flatSnapshotsPath(subject) : diskPath(subject);
  return world.call(process, 'stranger.remove file', path, () => {
    const { volume } = world;
    if (volume.peek(path) === undefined) return;
    if (other === 'snapshots') {
      for (const [name] of [...volume.list(path)]) volume.unlink(`${path}/${name}`);
      volume.removeDirectory(path);
    } else volume.unlink(path);
    volume.syncDirectory(parentOf(path));
  });
}

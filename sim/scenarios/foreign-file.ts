/** Somebody who is not platter, as an operator or another manager of machines, puts a file where a disk is to be. */
import { parentOf } from '../../src/workspace/area.ts';
import { foreignFiles } from '../model/foreign-files.ts';
import { diskPath } from '../model/layout.ts';
import { importContent } from './contents.ts';
import type { Performer } from './perform.ts';

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
    foreignFiles(world).set(address, { inode, content, step: world.gate.steps });
    volume.link(draft, path);
    volume.unlink(draft);
    for (let above = directory; above !== '/'; above = parentOf(above)) {
      volume.syncDirectory(above);
    }
  });
}

import { parentOf } from '../../src/workspace/area.ts';
import { foreignFiles } from '../model/foreign-files.ts';
import type { Invariant } from '../model/invariant.ts';
import { diskPath } from '../model/layout.ts';
import { recordOf } from '../model/stored-templates.ts';
import type { Volume } from '../volume/volume.ts';
import { toldOfOthers } from './told-of-others.ts';

export const imageRecords: Invariant = {
  id: 'image-records',
  description:
    'no record or format that was written of another disk tells of a file that somebody else has put in its place',
  onRecovered(model) {
    const { world } = model;
    const { volume } = world;
    const put = [...foreignFiles(world)].map(
      ([address, { inode }]) => [diskPath(address), inode] as const,
    );
    return toldOfOthers(model, put, (path) => recordOf(volume, path) ?? formatOf(volume, path));
  },
};

/** What disk.info says. */
function formatOf(volume: Volume, path: string): string | undefined {
  const info = volume.peek(`${parentOf(path)}/disk.info`);
  const text = info === undefined ? '' : (volume.text(info) ?? '');
  return text === '' ? undefined : JSON.parse(text)[path];
}

import { parentOf } from '../../src/workspace/area.ts';
import { foreignFiles } from '../model/foreign-files.ts';
import type { Invariant } from '../model/invariant.ts';
import { mayHaveLostDrafts } from '../model/lost-workspace.ts';
import { diskPath } from '../model/layout.ts';
import { recordOf } from '../model/stored-templates.ts';
import type { Volume } from '../volume/volume.ts';

export const imageRecords: Invariant = {
  id: 'image-records',
  description:
    'no record or format that was written of another disk tells of a file that somebody else has put in its place',
  onRecovered(model) {
    if (mayHaveLostDrafts(model)) return undefined;
    const { world } = model;
    const { volume } = world;
    for (const [address, { inode }] of foreignFiles(world)) {
      const path = diskPath(address);
      if (volume.peek(path) !== inode) continue;
      const told = recordOf(volume, path) ?? formatOf(volume, path);
      if (told === undefined) continue;
      return `${path} was put there by somebody else, and is recorded as ${JSON.stringify(told)}`;
    }
    return undefined;
  },
};

/** What disk.info says. */
function formatOf(volume: Volume, path: string): string | undefined {
  const info = volume.peek(`${parentOf(path)}/disk.info`);
  const text = info === undefined ? '' : (volume.text(info) ?? '');
  return text === '' ? undefined : JSON.parse(text)[path];
}

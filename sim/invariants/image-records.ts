import { foreignFiles } from '../model/foreign-files.ts';
import type { Invariant } from '../model/invariant.ts';
import { diskPath } from '../model/layout.ts';
import { recordOf } from '../model/stored-templates.ts';

export const imageRecords: Invariant = {
  id: 'image-records',
  description:
    'no record that was written of another disk tells of a file that somebody else has put in its place',
  onRecovered({ world, faults }) {
    // The power may have taken the workspace by which recovery tells, and left the record.
    if (faults.some(({ kind }) => kind === 'cut power')) return undefined;
    const { volume } = world;
    for (const [address, { inode }] of foreignFiles(world)) {
      const path = diskPath(address);
      if (volume.peek(path) !== inode) continue;
      const record = recordOf(volume, path);
      if (record === undefined) continue;
      return `${path} was put there by somebody else, and is recorded as ${JSON.stringify(record)}`;
    }
    return undefined;
  },
};

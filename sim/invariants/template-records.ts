import type { Invariant } from '../model/invariant.ts';
import { mayHaveLostDrafts } from '../model/lost-workspace.ts';
import { isAdopted, putTemplates, recordOf } from '../model/stored-templates.ts';

export const templateRecords: Invariant = {
  id: 'template-records',
  description:
    'no record that was written of another file tells of a template that somebody else has put into the store',
  onRecovered(model) {
    if (mayHaveLostDrafts(model)) return undefined;
    const { world } = model;
    const { volume } = world;
    for (const [path, put] of putTemplates(world)) {
      if (volume.peek(path) !== put) continue;
      const record = recordOf(volume, path);
      if (record === undefined || isAdopted(volume, path)) continue;
      return `${path} was put there by somebody else, and is recorded as ${JSON.stringify(record)}`;
    }
    return undefined;
  },
};

import type { Invariant } from '../model/invariant.ts';
import { isAdopted, putTemplates, recordOf } from '../model/stored-templates.ts';
import { toldOfOthers } from './told-of-others.ts';

export const templateRecords: Invariant = {
  id: 'template-records',
  description:
    'no record that was written of another file tells of a template that somebody else has put into the store',
  onRecovered(model) {
    const { world } = model;
    const { volume } = world;
    return toldOfOthers(model, putTemplates(world), (path) =>
      isAdopted(volume, path) ? undefined : recordOf(volume, path),
    );
  },
};

import type { Invariant } from '../model/invariant.ts';
import { diskPath } from '../model/layout.ts';
import { touches } from '../model/operation-run.ts';
import { recordOf } from '../model/stored-templates.ts';
import { changesImages } from '../model/touched.ts';

export const removedRecords: Invariant = {
  id: 'removed-records',
  description: 'no power cut brings back the record of a disk whose removal was acknowledged',
  onPowerCut({ runs, unsettled, world }, before) {
    for (const { spec, outcome } of runs) {
      const { subject } = spec;
      if (spec.kind !== 'destroy' || outcome !== 'done' || unsettled.has(subject)) continue;
      // Who began before the removal may have made it anew since.
      if (before.has(subject)) continue;
      const all = runs.filter((run) => touches(run, subject) && changesImages(run.spec));
      if (all.at(-1)?.spec !== spec || all.some((run) => run.outcome !== 'done')) continue;
      const record = recordOf(world.volume, diskPath(subject));
      if (record !== undefined)
        return `the record of ${subject} is back: ${JSON.stringify(record)}`;
    }
    return undefined;
  },
};

/** The catalogue of seeded bugs: one folder, one file a theme. */
import { durabilityMutants } from './catalogue/durability.ts';
import { lockingMutants } from './catalogue/locking.ts';
import { lvmChangeMutants } from './catalogue/lvm-changes.ts';
import { lvmVolumeMutants } from './catalogue/lvm-volumes.ts';
import { ploopMutants } from './catalogue/ploop.ts';
import { rbdMutants } from './catalogue/rbd.ts';
import { rbdSharingMutants } from './catalogue/rbd-sharing.ts';
import { sizeMutants } from './catalogue/sizes.ts';
import { toolMutants } from './catalogue/tools.ts';
import type { Mutant } from './mutant.ts';

export const mutants: readonly Mutant[] = [
  ...durabilityMutants,
  ...lockingMutants,
  ...sizeMutants,
  ...toolMutants,
  ...lvmVolumeMutants,
  ...lvmChangeMutants,
  ...rbdMutants,
  ...rbdSharingMutants,
  ...ploopMutants,
];

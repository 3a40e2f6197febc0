/** The catalogue of seeded bugs: one folder, one file a theme. */
import { durabilityMutants } from './catalogue/durability.ts';
import { lockingMutants } from './catalogue/locking.ts';
import { sizeMutants } from './catalogue/sizes.ts';
import { toolMutants } from './catalogue/tools.ts';
import type { Mutant } from './mutant.ts';

export const mutants: readonly Mutant[] = [
  ...durabilityMutants,
  ...lockingMutants,
  ...sizeMutants,
  ...toolMutants,
];

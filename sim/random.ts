/** Ids that are unique in a world, and the same in every run of it: who drew them, and the how-manieth. */
import type { Random } from '../src/ports/random.ts';
import type { SimProcess } from './process.ts';

export function simRandom(process: SimProcess): Random {
  let drawn = 0;
  return {
    id() {
      drawn += 1;
      const owner = process.id.toString(16).padStart(6, '0');
      return `${owner}${drawn.toString(16).padStart(10, '0')}`;
    },
  };
}

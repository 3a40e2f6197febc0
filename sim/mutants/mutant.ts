/** A seeded bug: a change of the engine's program text, applied to a copy of what was built, never to the source. */
import type { SimBackend } from '../scenarios/scenario.ts';

export interface Mutant {
  readonly id: string;
  /** What is wrong with it, for people; with the number of the original's defect where it is one. */
  readonly description: string;
  readonly backend: SimBackend;
  /** The profile in which it is hunted. Default: `all`. */
  readonly profile?: string;
  readonly patches: readonly Patch[];
}

export interface Patch {
  /** Module under `src`, without its ending: `workspace/publish`. */
  readonly module: string;
  /** Occurs exactly once there; white space does not matter. */
  readonly find: string;
  readonly replace: string;
}

/** The patched text. RangeError unless `find` occurs exactly once: the source has changed, and the mutant with it has to. */
export function applyPatch(text: string, { module, find, replace }: Patch): string {
  const pattern = new RegExp(find.trim().split(/\s+/).map(escape).join('\\s*'), 'g');
  const matches = [...text.matchAll(pattern)];
  if (matches.length !== 1) {
    throw new RangeError(`${matches.length} places in ${module} read ${JSON.stringify(find)}`);
  }
  return text.replace(pattern, () => replace);
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

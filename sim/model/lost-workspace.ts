/** What recovery goes by, and the power may have taken. */
import type { Model } from './model.ts';

const removals: ReadonlySet<string> = new Set(['destroy', 'delete template']);

/**
 * Whether the workspace of a making may be gone, and its record be there: it is written first, and what is drafted in the
 * workspace was not durable. What a removal has taken away is.
 */
export function mayHaveLostDrafts({ runs, faults }: Model): boolean {
  if (!faults.some(({ kind }) => kind === 'cut power')) return false;
  return runs.some(({ outcome, spec: { kind } }) => outcome !== 'done' && !removals.has(kind));
}

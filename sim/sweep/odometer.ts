/**
 * Goes through all that a run could have chosen: a run tells which value it took out of how many at each of its choices,
 * and the odometer says what the next run is to take; what comes after those is 0. Each way is taken once, as in
 * TigerBeetle's exhaustigen.
 */

interface Choice {
  readonly value: number;
  readonly bound: number;
}

/** The values to begin the next run with; undefined when that was the last one. */
export function nextValues(taken: readonly Choice[]): readonly number[] | undefined {
  const last = taken.findLastIndex(({ value, bound }) => value + 1 < bound);
  if (last < 0) return undefined;
  return taken.slice(0, last + 1).map(({ value }, index) => (index === last ? value + 1 : value));
}

/** Durations as people type them: `30s`, `5m`, `2h`, `1d`, `500ms`; a plain number is seconds. */
import { PlatterError } from '../errors.ts';

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** In milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text.trim());
  const unitMs = unitsMs[match?.[2] ?? 's'];
  if (match === null || unitMs === undefined) {
    throw new PlatterError('INVALID_ARGUMENT', `invalid duration ${JSON.stringify(text)}`, {
      hint: 'write it like 30s, 5m, 2h or 1d',
    });
  }
  return Number(match[1]) * unitMs;
}

/** Every fault that can strike one step of a case, alone. */
import { callFaultsAt } from '../faults/possible.ts';
import type { Fault } from '../faults/fault.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { Step } from './recording.ts';

/** Longer than a lock is fresh: whoever waits for it takes it meanwhile. */
const pauseMs = 60_000;
const jumpMs = 3_600_000;

/** Calls of several parts, and how many of them may be done when the process dies. */
const partsOf: Readonly<Record<string, number>> = {
  'filesystem.createText': 3,
  'filesystem.removeTree': 4,
};

export function faultsAt(step: Step, { backend, machines }: Scenario): readonly Fault[] {
  const { host, site, nth } = step;
  const at = { host, site, nth };
  const hasRival = machines.length > 1;
  return [
    ...deathsAt(step, 'kill process'),
    { ...at, kind: 'pause', amount: pauseMs },
    ...(hasRival ? [{ ...at, kind: 'jump clock', amount: jumpMs } as const] : []),
    // What fails for one alone fails no other way beside somebody who comes later.
    ...(hasRival ? [] : callFaultsAt(site, backend).map((kind) => ({ ...at, kind }))),
  ];
}

/** Before it, and between its parts; when it is done is before the next step. */
export function deathsAt(
  { host, site, nth }: Step,
  kind: 'kill process' | 'cut power',
): readonly Fault[] {
  const at = { host, site, nth, kind };
  const parts = Array.from({ length: (partsOf[site] ?? 1) - 1 }, (_, index) => index + 1);
  return [at, ...parts.map((amount) => ({ ...at, amount }))];
}

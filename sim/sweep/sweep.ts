/**
 * The sweeps of one backend, over all cores: each operation with each fault at each of its steps, each state that a power
 * cut can leave, and each order in which the steps of two clients can come; or each operation with two deaths.
 */
import type { FailureFile } from '../failures/failure-file.ts';
import { listedSites } from '../faults/possible.ts';
import type { SimBackend } from '../scenarios/scenario.ts';
import type { WorkerPool } from '../soak/worker-pool.ts';
import { casesOf } from './cases.ts';
import { deathsOf, sweepDeaths } from './deaths.ts';
import { pairsOf } from './pairs.ts';
import { matrixOf, type MatrixRow } from './matrix.ts';
import { sweepSchedules } from './schedules.ts';
import { sweepCase, type SweepLimits, type SweptCase } from './sweep-case.ts';

export interface SweepOrder extends SweepLimits {
  readonly backend: SimBackend;
  readonly id: string;
}

export interface SweepResult {
  readonly cases: readonly SweptCase[];
  readonly failures: readonly FailureFile[];
  readonly matrix: readonly MatrixRow[];
  /** Sites that profiles know and no operation comes to without trouble: only after a crash, or never. */
  readonly unreached: readonly string[];
}

export function sweepOne({ backend, id, ...limits }: SweepOrder): Promise<SweptCase> {
  const swept = casesOf(backend).find((known) => known.id === id);
  if (swept !== undefined) return sweepCase(swept, limits);
  const dying = deathsOf(backend).find((known) => known.id === id);
  if (dying !== undefined) return sweepDeaths(dying);
  const pair = pairsOf(backend).find((known) => known.id === id);
  if (pair === undefined) throw new RangeError(`no case ${id} of ${backend}`);
  return sweepSchedules(pair, limits);
}

/** Ids of what there is to sweep, of one kind of operation or of all; with two deaths in each run, or without. */
export function sweepIds(
  backend: SimBackend,
  { kind, deaths }: { kind?: string | undefined; deaths: boolean },
): readonly string[] {
  return (deaths ? deathsOf(backend) : [...casesOf(backend), ...pairsOf(backend)])
    .filter((swept) => kind === undefined || swept.kind === kind)
    .map(({ id }) => id);
}

export async function sweepAll(
  orders: readonly SweepOrder[],
  pool: WorkerPool,
  onCase: (swept: SweptCase) => void,
  isInterrupted: () => boolean,
): Promise<SweepResult> {
  const left = [...orders];
  const cases: SweptCase[] = [];
  await pool.sweepAll(
    () => (isInterrupted() ? undefined : left.shift()),
    (swept) => {
      cases.push(swept);
      onCase(swept);
    },
  );
  const [first] = orders;
  return { ...summed(cases), unreached: first === undefined ? [] : unreached(first, cases) };
}

function summed(cases: readonly SweptCase[]): Omit<SweepResult, 'unreached'> {
  const injected = new Set(cases.flatMap((swept) => swept.injected));
  return {
    cases,
    failures: cases.flatMap(({ failures }) => failures),
    matrix: matrixOf(
      cases.flatMap(({ possible }) => possible),
      injected,
    ),
  };
}

function unreached({ backend }: SweepOrder, cases: readonly SweptCase[]): readonly string[] {
  const reached = new Set(
    cases.flatMap(({ possible }) => possible).map((pair) => pair.split(' × ')[0]),
  );
  return listedSites(backend).filter((site) => !reached.has(site));
}

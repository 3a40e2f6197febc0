/** A failure as a file: all that is needed to see it again. */
import { PlatterError } from '../../src/errors.ts';
import { version } from '../../src/version.ts';
import { invariants } from '../invariants/invariants.ts';
import type { Violation } from '../model/invariant.ts';
import type { RunResult } from '../scenarios/run.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { wrongWithScenario } from './scenario-schema.ts';

const formatVersion = 1;

export interface FailureFile {
  /** Of this form. */
  readonly format: number;
  /** The platter that it failed on. */
  readonly platter: string;
  /** Where it was drawn from; a shrunk one says so too. */
  readonly seed: number;
  readonly profile: string;
  readonly violation: Violation;
  /** Of the run: another one means that the program has changed since. */
  readonly traceHash: string;
  /** What it is about, when a person has kept it. */
  readonly description?: string;
  readonly scenario: Scenario;
}

/** The scenario with the schedule that was taken, whichever policy drew it. */
export function failureOf(
  scenario: Scenario,
  { violations, tape, traceHash }: RunResult,
  { seed, profile }: { seed: number; profile: string },
): FailureFile {
  const [violation] = violations;
  if (violation === undefined) throw new RangeError('a run without a violation is no failure');
  return {
    format: formatVersion,
    platter: version,
    seed,
    profile,
    violation,
    traceHash: formatHash(traceHash),
    scenario: { ...scenario, schedule: { kind: 'tape', tape } },
  };
}

export function formatHash(hash: number): string {
  return (hash >>> 0).toString(16).padStart(8, '0');
}

export function fileNameOf({ scenario, profile, seed, violation }: FailureFile): string {
  return `${scenario.backend}-${profile}-${seed}-${violation.id}.json`;
}

/** INVALID_ARGUMENT when it is none. */
export function parseFailure(text: string, path: string): FailureFile {
  const wrong = (what: string, hint: string) =>
    new PlatterError('INVALID_ARGUMENT', `${path} ${what}`, { hint });
  let value: Partial<FailureFile> | null;
  try {
    value = JSON.parse(text) as Partial<FailureFile> | null;
  } catch {
    throw wrong('is no failure file: it is not JSON', 'platter sim run writes failure files');
  }
  if (typeof value !== 'object' || value === null || value.format === undefined) {
    throw wrong('is no failure file', 'platter sim run writes failure files');
  }
  if (value.format !== formatVersion) {
    throw wrong(`has format ${value.format}`, `this platter reads format ${formatVersion}`);
  }
  if (typeof value.violation?.id !== 'string') {
    throw wrong('is no failure file: it has no violation', 'platter sim run writes failure files');
  }
  const { id } = value.violation;
  if (!isLookedFor(id)) throw wrong(`is of "${id}"`, 'this platter knows no such invariant');
  const trouble = wrongWithScenario(value.scenario);
  if (trouble !== undefined) {
    throw wrong(`holds no scenario (${trouble})`, 'platter sim run writes failure files');
  }
  return value as FailureFile;
}

/** Runs and soaks find two things besides that no invariant is about. */
function isLookedFor(id: string): boolean {
  return ['liveness', 'determinism'].includes(id) || invariants.some((known) => known.id === id);
}

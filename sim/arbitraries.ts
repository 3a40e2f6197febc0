/** Arbitraries of fast-check: scenarios, and what they are made of, for suites that draw and shrink their own. */
import * as fc from 'fast-check';
import type { Fault } from './faults/fault.ts';
import { profileByName } from './faults/profiles.ts';
import { generateScenario } from './scenarios/generate.ts';
import type { Scenario, SimBackend } from './scenarios/scenario.ts';

/** A whole scenario of a profile; shrinks towards seeds that are small, which are no simpler: see `tapeArbitrary`. */
export function scenarioArbitrary(
  backend: SimBackend,
  profileName = 'swarm',
): fc.Arbitrary<Scenario> {
  const profile = profileByName(profileName);
  if (profile === undefined) throw new RangeError(`no profile named ${profileName}`);
  return fc.nat().map((seed) => generateScenario(seed, backend, profile));
}

const faultKinds = ['kill process', 'cut power', 'EIO', 'ENOSPC', 'EACCES', 'tool killed'] as const;

/** A fault at one of the first steps of a host, whatever step that is; shrinks towards a kill of the process at the first. */
export function faultArbitrary(stepsMax = 300, host = 0): fc.Arbitrary<Fault> {
  return fc.record({
    host: fc.constant(host),
    site: fc.constant('*'),
    nth: fc.integer({ min: 1, max: stepsMax }),
    kind: fc.constantFrom(...faultKinds),
  });
}

/** A schedule as the list of its choices: 0 lets whoever went on last go on; shrinks towards fewer changes of task. */
export function tapeArbitrary(maxLength = 300): fc.Arbitrary<readonly number[]> {
  const choice = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.nat({ max: 3 }));
  return fc.array(choice, { maxLength, size: 'max' });
}

/**
 * What `platter/sim` exports: a simulated host to run any program on that takes a host, scenarios and their runner, and
 * arbitraries for property-based suites.
 */
export { simHost, type SimHost, type SimHostOptions } from './sim-host.ts';
export type { Fault } from './faults/fault.ts';
export { profileByName, profiles, type Profile } from './faults/profiles.ts';
export { invariants } from './invariants/invariants.ts';
export { Model } from './model/model.ts';
export type { Invariant, Violation } from './model/invariant.ts';
export { generateScenario } from './scenarios/generate.ts';
export { runScenario, type RunOptions, type RunResult } from './scenarios/run.ts';
export type * from './scenarios/scenario.ts';
export type { Observer } from './observer.ts';
export type { World } from './world.ts';
export { faultArbitrary, scenarioArbitrary, tapeArbitrary } from './arbitraries.ts';

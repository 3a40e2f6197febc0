/**
 * How to test a program that embeds platter on simulated hosts. In a project of its own the imports from `sim` are from
 * 'platter/sim'. What it shows, from the simplest on:
 *
 * 1. a simulated host in place of a real one;
 * 2. a crash at every single step, one run for each;
 * 3. random faults, drawn and shrunk by fast-check;
 * 4. whole scenarios of platter itself, with its own invariants.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Host } from '../../src/index.ts';
import {
  faultArbitrary,
  runScenario,
  scenarioArbitrary,
  simHost,
  type Fault,
  type SimHost,
} from '../../sim/index.ts';
import { inspectMachine, provision, provisionCarelessly } from './vm-manager.ts';

type Program = (host: Host, vm: string) => Promise<void>;

/** A simulated host is empty: it has not even the directory of the machines. */
async function newHost(faults: readonly Fault[] = []): Promise<SimHost> {
  const sim = simHost({ faults });
  // Made from outside, so that no fault strikes it.
  sim.world.volume.create('/vms', 'directory', 0o755);
  sim.world.volume.syncDirectory('/');
  return sim;
}

// 1. The simplest use: the same program, another host. No tool runs, no file is written, no time goes by.
test('provisions a machine', async () => {
  const { host } = await newHost();
  await provision(host, 'web1');
  expect(await inspectMachine(host, 'web1')).toBe('whole');
});

test('what simHost() gives is a host itself', async () => {
  const sim = await newHost();
  await provision(sim, 'web1');
  expect(await inspectMachine(sim, 'web1')).toBe('whole');
});

/**
 * Runs the program until it ends, or until a fault ends its process. A process that is killed never hears of it: its
 * promise stays open for ever, as nothing of a killed process goes on.
 */
async function attempt({ host, world }: SimHost, program: Program): Promise<'ended' | 'died'> {
  const died = new Promise<'died'>((resolve) => {
    world.observers.push({ onCrash: (process) => process.label === 'program' && resolve('died') });
  });
  const ended = program(host, 'web1').then(
    () => 'ended' as const,
    () => 'ended' as const,
  );
  return Promise.race([ended, died]);
}

/** What must hold whatever happened: a defined machine is whole, and running the program again finishes the work. */
async function requireRepeatable(sim: SimHost, program: Program): Promise<void> {
  sim.world.faults.isOver = true;
  sim.world.powerOn(sim.process.machine);
  const next = sim.spawn();
  await inspectMachine(next, 'web1');
  await program(next, 'web1');
  expect(await inspectMachine(next, 'web1')).toBe('whole');
}

interface Sweep {
  /** How many runs there were, each with a crash one step later: a step is a call of the host, or of a tool. */
  readonly runs: number;
  /** The step at which a crash does harm, and what harm; undefined when there is none. */
  readonly harm: string | undefined;
}

async function sweep(program: Program, kind: Fault['kind']): Promise<Sweep> {
  for (let nth = 1; ; nth += 1) {
    const sim = await newHost([{ host: 0, site: '*', nth, kind }]);
    const outcome = await attempt(sim, program);
    const failure = await requireRepeatable(sim, program).catch((error: unknown) => error);
    if (failure !== undefined)
      return { runs: nth, harm: `at step ${nth}: ${(failure as Error).message}` };
    // It got through without the fault: that were all of its steps.
    if (outcome === 'ended') return { runs: nth, harm: undefined };
  }
}

// 2. Every crash there is. Not one step is left out, and the failing one is known by its number.
test.each(['kill process', 'cut power'] as const)('survives at every step: %s', async (kind) => {
  const { runs, harm } = await sweep(provision, kind);
  expect(harm).toBe(undefined);
  expect(runs).toBeGreaterThan(100);
});

test('the careless version does not', async () => {
  const { harm } = await sweep(provisionCarelessly, 'kill process');
  expect(harm).toMatch(/EEXIST|exists already|there is no image/);
});

// 3. Calls that fail, tools that are killed, several at once: too many to try them all, so fast-check draws them.
test('survives whatever fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(faultArbitrary(), { maxLength: 3 }), async (faults) => {
      const sim = await newHost(faults);
      await attempt(sim, provision);
      await requireRepeatable(sim, provision);
    }),
    { numRuns: 100 },
  );
});

// 4. Whole scenarios: several hosts and clients, crashes, and everything that platter promises checked as they run.
test('platter itself keeps its promises', async () => {
  await fc.assert(
    fc.asyncProperty(scenarioArbitrary('qcow2', 'crash'), async (scenario) => {
      expect((await runScenario(scenario)).violations).toEqual([]);
    }),
    { numRuns: 20 },
  );
});

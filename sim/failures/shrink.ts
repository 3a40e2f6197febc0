/**
 * Makes a failure small: drops clients, operations, faults, templates and hosts, plain values for odd ones, fewer changes
 * of task, as long as the same invariant breaks. Whole things go first, so that most of the work is done in few runs.
 */
import { anyTool, type Fault } from '../faults/fault.ts';
import { runScenario, type RunResult } from '../scenarios/run.ts';
import {
  operationsOf,
  type ClientSpec,
  type OperationSpec,
  type OwnConfigSpec,
  type Scenario,
} from '../scenarios/scenario.ts';
import { failureOf, type FailureFile } from './failure-file.ts';

export interface ShrinkOptions {
  /** Runs that it may take. Default is 4000. */
  readonly runsMax?: number;
  readonly onProgress?: (runs: number) => void;
}

export interface Shrunk {
  readonly failure: FailureFile;
  readonly runs: number;
}

export async function shrink(
  failure: FailureFile,
  { runsMax = 4000, onProgress }: ShrinkOptions = {},
): Promise<Shrunk> {
  let best = failure;
  let runs = 0;
  let struck: Struck = new Map();
  const tries = async (scenario: Scenario): Promise<boolean> => {
    if (runs >= runsMax) return false;
    runs += 1;
    onProgress?.(runs);
    const result = await runQuietly(scenario);
    if (result?.violations[0]?.id !== failure.violation.id) return false;
    best = failureOf(scenario, result, failure);
    ({ struck } = result.world.faults);
    return true;
  };
  let hasShrunk = await tries(failure.scenario);
  while (hasShrunk) {
    hasShrunk = false;
    for (const pass of passes) {
      while (await takeFirst(pass(best.scenario, struck), best.scenario, tries)) hasShrunk = true;
    }
  }
  return { failure: withDescription(best, failure), runs };
}

function withDescription(best: FailureFile, { description }: FailureFile): FailureFile {
  return description === undefined ? best : { ...best, description };
}

/** Nonsense that shrinking may come upon is no counter-example. */
async function runQuietly(scenario: Scenario): Promise<RunResult | undefined> {
  try {
    return await runScenario(scenario);
  } catch {
    return undefined;
  }
}

/** Changing what is done moves the places where tasks change: the old schedule, none at all, and a few others are tried. */
async function takeFirst(
  candidates: Iterable<Scenario>,
  { schedule }: Scenario,
  tries: (scenario: Scenario) => Promise<boolean>,
): Promise<boolean> {
  for (const candidate of candidates) {
    if (await tries(candidate)) return true;
    if (candidate.schedule !== schedule) continue;
    if (schedule.kind !== 'tape' || schedule.tape.length === 0) continue;
    if (await tries({ ...candidate, schedule: { kind: 'tape', tape: [] } })) return true;
    for (const seed of [1, 2]) {
      const random = { kind: 'random', seed, odds: 3 } as const;
      if (await tries({ ...candidate, schedule: random })) return true;
    }
  }
  return false;
}

type Pass = (scenario: Scenario, struck: Struck) => Iterable<Scenario>;

/** Where faults have struck. */
type Struck = ReadonlyMap<Fault, string>;

const passes: readonly Pass[] = [
  dropClients,
  dropOperations,
  dropSetUp,
  dropFaults,
  nameSites,
  dropTemplates,
  dropHosts,
  calmSchedule,
  plainOperations,
  plainSetting,
  earlierFaults,
  shorterTape,
];

function* without<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let index = items.length - 1; index >= 0; index -= 1) {
    yield items.filter((_, other) => other !== index);
  }
}

function* dropClients(scenario: Scenario): Generator<Scenario> {
  if (scenario.clients.length < 2) return;
  for (const clients of without(scenario.clients)) yield { ...scenario, clients };
}

function* dropOperations(scenario: Scenario): Generator<Scenario> {
  for (const [index, client] of scenario.clients.entries()) {
    for (const operations of without(client.operations)) {
      yield withClient(scenario, index, { ...client, operations });
    }
  }
}

function* dropSetUp(scenario: Scenario): Generator<Scenario> {
  for (const setUp of without(scenario.setUp ?? [])) yield { ...scenario, setUp };
}

function withClient(scenario: Scenario, index: number, client: ClientSpec): Scenario {
  const clients = scenario.clients.map((other, place) => (place === index ? client : other));
  return { ...scenario, clients: clients.filter(({ operations }) => operations.length > 0) };
}

function* dropFaults(scenario: Scenario): Generator<Scenario> {
  for (const faults of without(scenario.faults)) yield { ...scenario, faults };
}

/** What is counted by the steps of a place, and not by those of all, stays there when others come and go. */
function* nameSites(scenario: Scenario, struck: Struck): Generator<Scenario> {
  for (const [index, fault] of scenario.faults.entries()) {
    const site = struck.get(fault);
    if (site === undefined || (fault.site !== '*' && fault.site !== anyTool)) continue;
    for (const nth of [1, 2, 3]) {
      yield { ...scenario, faults: replaced(scenario.faults, index, { ...fault, site, nth }) };
    }
  }
}

function* dropTemplates(scenario: Scenario): Generator<Scenario> {
  const used = new Set(operationsOf(scenario).flatMap(({ subject, other }) => [subject, other]));
  const templates = scenario.templates.filter(({ name }) => used.has(name));
  // The work that is done at the end needs one.
  if (templates.length < scenario.templates.length && templates.length > 0) {
    yield { ...scenario, templates };
  }
}

function* dropHosts(scenario: Scenario): Generator<Scenario> {
  if (scenario.machines.length < 2) return;
  const machines = scenario.machines.slice(0, -1);
  const clamp = (machine: number) => Math.min(machine, machines.length - 1);
  yield {
    ...scenario,
    machines,
    clients: scenario.clients.map((client) => ({ ...client, machine: clamp(client.machine) })),
    faults: scenario.faults.map((fault) => ({ ...fault, host: clamp(fault.host) })),
  };
}

function* calmSchedule(scenario: Scenario): Generator<Scenario> {
  const { schedule } = scenario;
  if (schedule.kind === 'tape' && schedule.tape.length === 0) return;
  yield { ...scenario, schedule: { kind: 'tape', tape: [] } };
}

const optional = ['afterMs', 'cancelAfterMs', 'isRetried', 'sizeBytes', 'runsMs', 'wipe'] as const;

function* plainOperations(scenario: Scenario): Generator<Scenario> {
  for (const [index, client] of scenario.clients.entries()) {
    for (const [place, spec] of client.operations.entries()) {
      for (const plain of plainer(spec)) {
        const operations = client.operations.map((other, at) => (at === place ? plain : other));
        yield withClient(scenario, index, { ...client, operations });
      }
    }
  }
}

function* plainer(spec: OperationSpec): Generator<OperationSpec> {
  for (const key of optional) {
    if (spec[key] === undefined || isNeeded(spec, key)) continue;
    const { [key]: _dropped, ...plain } = spec;
    yield plain;
  }
}

function isNeeded({ kind }: OperationSpec, key: string): boolean {
  return key === 'sizeBytes' && (kind === 'create blank' || kind === 'resize');
}

function* plainSetting(scenario: Scenario): Generator<Scenario> {
  const { config, volume, machines } = scenario;
  const plain = { preallocateImages: 'none', forceRawImages: undefined, maxConcurrentDiskOps: 0 };
  if (JSON.stringify(config) !== JSON.stringify(plain)) {
    yield { ...scenario, config: plain as Scenario['config'] };
  }
  if (volume.capacityBytes < 2 ** 40) {
    yield { ...scenario, volume: { ...volume, capacityBytes: 2 ** 44 } };
  }
  if (machines.some(({ toolsWarn }) => toolsWarn === true)) {
    yield { ...scenario, machines: machines.map(({ toolsWarn: _warn, ...silent }) => silent) };
  }
  if (machines.some(({ drift, offsetMs }) => drift !== 1 || offsetMs !== 0)) {
    yield {
      ...scenario,
      machines: machines.map((machine) => ({ ...machine, drift: 1, offsetMs: 0 })),
    };
  }
  yield* plainConfigs(scenario);
  if (scenario.losesPowerAtEnd === true) yield { ...scenario, losesPowerAtEnd: false };
  if (scenario.states.some((state) => state !== 0)) yield { ...scenario, states: [] };
  if (scenario.templates.some(({ fetchMs }) => fetchMs !== 0)) {
    yield { ...scenario, templates: scenario.templates.map((one) => ({ ...one, fetchMs: 0 })) };
  }
}

function* plainConfigs(scenario: Scenario): Generator<Scenario> {
  for (const [index, { config = {}, ...plain }] of scenario.clients.entries()) {
    const keys = Object.keys(config) as (keyof OwnConfigSpec)[];
    for (const key of keys) {
      const { [key]: _, ...rest } = config;
      const client = keys.length > 1 ? { ...plain, config: rest } : plain;
      const clients = scenario.clients.map((other, place) => (place === index ? client : other));
      yield { ...scenario, clients };
    }
  }
}

function* earlierFaults(scenario: Scenario): Generator<Scenario> {
  for (const [index, fault] of scenario.faults.entries()) {
    for (const nth of new Set([1, Math.floor(fault.nth / 2), fault.nth - 1])) {
      if (nth < 1 || nth >= fault.nth) continue;
      yield { ...scenario, faults: replaced(scenario.faults, index, { ...fault, nth }) };
    }
  }
}

function replaced(faults: readonly Fault[], index: number, fault: Fault): readonly Fault[] {
  return faults.map((other, place) => (place === index ? fault : other));
}

/** Each choice that is not the boring one is a change of task to be explained. */
function* shorterTape(scenario: Scenario): Generator<Scenario> {
  const { schedule } = scenario;
  if (schedule.kind !== 'tape') return;
  const { tape } = schedule;
  const play = (shorter: readonly number[]): Scenario => ({
    ...scenario,
    schedule: { kind: 'tape', tape: shorter },
  });
  for (
    let size = Math.ceil(tape.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < tape.length; at += size) {
      const isIn = (place: number) => place >= at && place < at + size;
      if (tape.some((choice, place) => choice !== 0 && isIn(place))) {
        yield play(tape.map((choice, place) => (isIn(place) ? 0 : choice)));
      }
    }
  }
}

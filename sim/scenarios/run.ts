/**
 * Runs a scenario: clients work while faults strike (is it safe?); then the faults are over, everything that was
 * interrupted is recovered, the same work has to succeed (is it live?), and what was made is removed again.
 */
import type { Backend } from '../../src/images/backend.ts';
import { hostOf } from '../host.ts';
import { invariants as allInvariants } from '../invariants/invariants.ts';
import { Model } from '../model/model.ts';
import type { Invariant, Violation } from '../model/invariant.ts';
import type { OperationRun } from '../model/operation-run.ts';
import type { SimMachine, SimProcess } from '../process.ts';
import {
  playedPolicy,
  pctPolicy,
  randomPolicy,
  RecordingPolicy,
  type SchedulePolicy,
} from '../schedule/choices.ts';
import type { GateOutcome } from '../schedule/gate.ts';
import { Prng } from '../schedule/prng.ts';
import type { Observer } from '../observer.ts';
import { World } from '../world.ts';
import { closeDown } from './close-down.ts';
import { performOperation } from './perform.ts';
import { putsTemplates, removeTornTemplates } from './put-template.ts';
import { asPlatterError, backendOf, furnish, storesOf } from './setting.ts';
import type { ClientSpec, Scenario, ScheduleSpec } from './scenario.ts';

export interface RunResult {
  readonly violations: readonly Violation[];
  /** The schedule that was taken, to play it again. */
  readonly tape: readonly number[];
  readonly portCalls: number;
  readonly simulatedMs: number;
  readonly traceHash: number;
  /** What power cuts have left, and out of how many possibilities: `states` of a scenario are such values. */
  readonly stateChoices: readonly StateChoice[];
  readonly model: Model;
  readonly world: World;
}

interface StateChoice {
  readonly value: number;
  readonly bound: number;
}

export interface RunOptions {
  readonly invariants?: readonly Invariant[];
  /** Looks on too: traces, coverage. */
  readonly observers?: readonly Observer[];
  /** Takes the place of the scenario's schedule. */
  readonly policy?: SchedulePolicy;
}

const restartUs = 1_000_000;
const bootUs = 5_000_000;

export async function runScenario(
  scenario: Scenario,
  { invariants = allInvariants, observers = [], policy: given }: RunOptions = {},
): Promise<RunResult> {
  const policy = new RecordingPolicy(given ?? policyOf(scenario.schedule));
  const stateChoices: StateChoice[] = [];
  const world = worldOf(scenario, policy, stateChoices);
  furnish(world, scenario);
  if (putsTemplates(scenario)) world.observers.push(removeTornTemplates(world, scenario));
  const model = new Model(world, scenario, invariants);
  world.observers.push(...observers);
  await setUp(world, model, scenario);
  const clients = scenario.clients.map((spec, index) => new Client(world, model, spec, index));
  const outcome = await world.run(() => {
    for (const client of clients) client.start();
  });
  requireFinished(model, outcome, clients);
  world.faults.isOver = true;
  if (scenario.losesPowerAtEnd === true && model.violations.length === 0) {
    for (const machine of world.machines) if (machine.isUp) world.cutPower(machine);
  }
  if (model.violations.length === 0) await closeDown(world, model, scenario);
  return {
    violations: model.violations,
    tape: policy.tape,
    portCalls: world.portCalls,
    simulatedMs: world.gate.nowUs / 1000,
    traceHash: world.traceHash,
    stateChoices,
    model,
    world,
  };
}

async function setUp(world: World, model: Model, scenario: Scenario): Promise<void> {
  if (scenario.setUp === undefined) return;
  const client = new Client(world, model, { machine: 0, operations: scenario.setUp }, -1);
  world.faults.isOver = true;
  requireFinished(model, await world.run(() => client.start()), [client]);
  world.faults.isOver = false;
}

function policyOf(schedule: ScheduleSpec) {
  switch (schedule.kind) {
    case 'random':
      return randomPolicy(new Prng(schedule.seed, 'schedule'), schedule.odds);
    case 'pct':
      return pctPolicy(new Prng(schedule.seed, 'schedule'), schedule.depth, schedule.steps ?? 200);
    case 'tape':
      return playedPolicy(schedule.tape);
  }
}

function worldOf(scenario: Scenario, policy: RecordingPolicy, stateChoices: StateChoice[]): World {
  const { lies, ...volume } = scenario.volume;
  const world = new World({
    machines: scenario.machines.length,
    policy,
    faults: scenario.faults,
    hasFallocate: true,
    ...volume,
    ...storesOf(scenario),
    chooseState: (bound) => {
      const value = (scenario.states[stateChoices.length] ?? 0) % bound;
      stateChoices.push({ value, bound });
      return value;
    },
  });
  world.volume.liesAboutSyncs = lies;
  scenario.machines.forEach(({ drift, offsetMs, toolsWarn = false }, index) => {
    const machine = world.machines[index];
    if (machine === undefined) return;
    machine.drift = drift;
    machine.offsetMs = offsetMs;
    machine.toolsWarn = toolsWarn;
  });
  return world;
}

/** The program of one user: one process after another. */
class Client implements Observer {
  readonly #world: World;
  readonly #model: Model;
  readonly #spec: ClientSpec;
  readonly #number: number;
  readonly #machine: SimMachine;
  #process: SimProcess | undefined;
  #run: OperationRun | undefined;
  #next = 0;
  isFinished = false;

  constructor(world: World, model: Model, spec: ClientSpec, number: number) {
    this.#world = world;
    this.#model = model;
    this.#spec = spec;
    this.#number = number;
    this.#machine = world.machines[spec.machine % world.machines.length] as SimMachine;
    world.observers.push(this);
  }

  start(): void {
    this.#world.powerOn(this.#machine);
    const label = this.#number < 0 ? 'set up' : `client ${this.#number + 1}`;
    const process = this.#world.spawn(this.#machine, label);
    this.#process = process;
    this.#world.gate.enter();
    void this.#work(process).then(() => {
      this.isFinished = true;
      this.#world.end(process);
      this.#world.gate.leave();
    });
  }

  onCrash(process: SimProcess): void {
    if (process !== this.#process) return;
    this.#process = undefined;
    if (this.#run !== undefined) {
      this.#model.interrupted(this.#run);
      if (this.#run.spec.isRetried !== true) this.#next += 1;
      this.#run = undefined;
    }
    const { gate } = this.#world;
    gate.at(gate.nowUs + (this.#machine.isUp ? restartUs : bootUs), () => this.start());
  }

  async #work(process: SimProcess): Promise<void> {
    const model = this.#model;
    const backend = backendOf(this.#world, process, {
      scenario: model.scenario,
      own: this.#spec.config,
      onEvent: (event) => model.onEvent(event),
    });
    for (; this.#next < this.#spec.operations.length; this.#next += 1) {
      await this.#step(process, backend);
    }
  }

  async #step(process: SimProcess, backend: Backend): Promise<void> {
    const spec = this.#spec.operations[this.#next];
    if (spec === undefined) return;
    if (spec.afterMs !== undefined) await hostOf(this.#world, process).clock.sleep(spec.afterMs);
    this.#world.faults.begin(this.#machine.index, spec.kind);
    const run = this.#model.begin(this.#number, process, spec);
    this.#run = run;
    const performer = {
      world: this.#world,
      process,
      backend,
      scenario: this.#model.scenario,
      store: this.#model.store,
      guests: this.#model.openByGuests,
      isIdle: (address: string) => this.#model.isIdle(address),
      number: run.number,
    };
    const options = { lockWaitMs: 120_000, ...this.#canceling(process, spec.cancelAfterMs) };
    try {
      this.#model.done(run, await performOperation(performer, spec, options));
    } catch (error) {
      this.#model.failed(run, asPlatterError(error));
    }
    this.#run = undefined;
  }

  #canceling(process: SimProcess, afterMs: number | undefined): { signal?: AbortSignal } {
    if (afterMs === undefined) return {};
    const controller = new AbortController();
    const { gate } = this.#world;
    gate.at(gate.nowUs + afterMs * 1000, () => controller.abort(), process);
    return { signal: controller.signal };
  }
}

function requireFinished(model: Model, outcome: GateOutcome, clients: readonly Client[]): void {
  if (outcome === 'endless') model.violate('liveness', 'the clients never come to an end');
  else if (clients.some(({ isFinished }) => !isFinished)) {
    const waiting = model.runs.filter((run) => run.outcome === 'running');
    const what = waiting.map(({ spec }) => `${spec.kind} ${spec.subject}`).join(', ');
    model.violate('liveness', `nothing can go on any more: ${what}`);
  }
}

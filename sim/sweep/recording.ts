/** Runs a case once without faults and keeps every step of the operation: where faults can strike it. */
import type { Model } from '../model/model.ts';
import type { Invariant } from '../model/invariant.ts';
import { invariants } from '../invariants/invariants.ts';
import type { SimProcess } from '../process.ts';
import { runScenario } from '../scenarios/run.ts';
import type { Scenario } from '../scenarios/scenario.ts';

export interface Step {
  readonly host: number;
  readonly site: string;
  /** From 1: the how-manieth time that the host comes there. */
  readonly nth: number;
  /** Whether a power cut before it can leave another state than one before the last step. */
  readonly follows: 'change' | 'read';
}

/** The steps of the given operation of the first client, and the first one after it. */
export async function recordSteps(scenario: Scenario, operation = 0): Promise<readonly Step[]> {
  const recorder = new Recorder(scenario, operation);
  const { violations, model } = await runScenario(scenario, {
    invariants: [recorder.asInvariant, ...invariants],
  });
  const [violation] = violations;
  if (violation !== undefined) {
    throw new Error(`${violation.id} without any fault: ${violation.message}`);
  }
  const setUps = model.runs.filter(({ spec }) => scenario.setUp?.includes(spec) === true);
  const run = model.runs.find(({ spec }) => spec === scenario.clients[0]?.operations[operation]);
  const failed = [...setUps, run].find((one) => one?.outcome !== 'done');
  if (failed !== undefined || run === undefined) {
    const { code = '', message = '' } = failed?.error ?? {};
    throw new Error(`${failed?.spec.kind} fails without any fault: ${code} ${message}`);
  }
  return recorder.steps;
}

const reads =
  /^filesystem\.(stat|readDirectory|readText|readBytes|open read|space|supportsDirectIo)$|^file\.(read|stat|close)$|^locks\.(look|holder)$|^executor\.run$/;

class Recorder {
  readonly steps: Step[] = [];
  readonly #scenario: Scenario;
  readonly #operation: number;
  readonly #counts = new Map<string, number>();
  #hasChanged = true;
  #isOver = false;

  readonly asInvariant: Invariant = {
    id: 'recorder',
    description: 'looks on',
    onStep: (model, process, name) => this.#step(model, process, name),
  };

  constructor(scenario: Scenario, operation: number) {
    this.#scenario = scenario;
    this.#operation = operation;
  }

  #step(model: Model, process: SimProcess, site: string): undefined {
    if (model.world.faults.isOver) return undefined;
    const host = process.machine.index;
    const key = `${host} ${site}`;
    const nth = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, nth);
    if (this.#isOver || !this.#isOfOperation(model, process)) return undefined;
    this.steps.push({ host, site, nth, follows: this.#hasChanged ? 'change' : 'read' });
    this.#hasChanged = !reads.test(site);
    return undefined;
  }

  #isOfOperation(model: Model, process: SimProcess): boolean {
    const { operations = [] } = this.#scenario.clients[0] ?? {};
    const spec = model.runOf(process)?.spec;
    this.#isOver = spec !== undefined && spec === operations[this.#operation + 1];
    return this.#isOver || (spec !== undefined && spec === operations[this.#operation]);
  }
}

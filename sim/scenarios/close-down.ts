/**
 * What follows when the faults are over: every host has power and space, what was interrupted is recovered, everything
 * that used to work works, and when all that was made is removed nothing is left.
 */
import type { Backend } from '../../src/images/backend.ts';
import type { PlatterEvent } from '../../src/ports/events.ts';
import type { Model } from '../model/model.ts';
import type { SimProcess } from '../process.ts';
import type { World } from '../world.ts';
import { performOperation } from './perform.ts';
import { asPlatterError, backendOf } from './setting.ts';
import type { OperationSpec, Scenario } from './scenario.ts';

/** Longer than any lock is held by one who is dead. */
const calmUs = 60_000_000;

export async function closeDown(world: World, model: Model, scenario: Scenario): Promise<void> {
  for (const machine of world.machines) world.powerOn(machine);
  world.volume.isReadOnly = false;
  world.volume.capacityBytes = 2 ** 50;
  world.stores.makeRoom?.();
  world.gate.nowUs += calmUs;
  let isFinished = false;
  const outcome = await world.run(() => {
    world.gate.enter();
    void closeOn(world, model, scenario).then(() => {
      isFinished = true;
      world.gate.leave();
    });
  });
  if (outcome === 'endless' || !isFinished) {
    model.violate('liveness', 'with no faults any more, something never comes to an end');
  }
}

/** Who on another host is dead only that host can tell: each one recovers, and the first one does the rest. */
async function closeOn(world: World, model: Model, scenario: Scenario): Promise<void> {
  const closings = world.machines.map((machine) => {
    const process = world.spawn(machine, 'close down');
    return new Closing(world, model, scenario, process);
  });
  for (const closing of closings.slice(1)) if (!(await closing.recover())) return;
  await closings[0]?.work();
}

class Closing {
  readonly #world: World;
  readonly #model: Model;
  readonly #scenario: Scenario;
  readonly #process: SimProcess;
  readonly #backend: Backend;

  constructor(world: World, model: Model, scenario: Scenario, process: SimProcess) {
    this.#world = world;
    this.#model = model;
    this.#scenario = scenario;
    this.#process = process;
    const onEvent = (event: PlatterEvent) => model.onEvent(event);
    this.#backend = backendOf(world, process, { scenario, onEvent });
  }

  recover(): Promise<boolean> {
    return this.#mustSucceed({ kind: 'recover', subject: '' });
  }

  async work(): Promise<void> {
    if (!(await this.recover())) return;
    this.#model.recovered();
    if (this.#model.violations.length > 0 || this.#scenario.closing === 'recover') return;
    if (!(await this.#useAgain())) return;
    if (!(await this.#removeAll())) return;
    this.#model.end();
  }

  /** Whatever happened before, a disk can be had under each address, used and used again. */
  async #useAgain(): Promise<boolean> {
    const template = this.#scenario.templates.find(({ hostile }) => !hostile);
    if (template === undefined) return true;
    const subject = 'vm1/disk';
    const isThere = this.#model.disks.has(subject);
    const cache: OperationSpec = { kind: 'cache', subject, other: template.name };
    if (!(await this.#mustSucceed(cache)) || !(await this.#mustSucceed(cache))) return false;
    if (!this.#model.store.takesSnapshots) return true;
    for (const kind of ['create snapshot', 'restore snapshot', 'delete snapshot'] as const) {
      if (!(await this.#mustSucceed({ kind, subject, other: isThere ? 'last' : '1' })))
        return false;
    }
    return true;
  }

  async #removeAll(): Promise<boolean> {
    const { disks, store } = this.#model;
    const depth = (address: string) => store.depthOf?.(address) ?? 0;
    const subjects = [...disks.keys()].sort().sort((a, b) => depth(b) - depth(a));
    for (const subject of subjects) {
      if (!(await this.#mustSucceed({ kind: 'destroy', subject }))) return false;
    }
    for (const name of [...this.#model.templates.keys()].sort()) {
      if (!(await this.#mustSucceed({ kind: 'delete template', subject: name }))) return false;
    }
    return true;
  }

  async #mustSucceed(spec: OperationSpec): Promise<boolean> {
    const run = this.#model.begin(-1, this.#process, spec);
    const performer = {
      world: this.#world,
      process: this.#process,
      backend: this.#backend,
      scenario: this.#scenario,
      store: this.#model.store,
      guests: this.#model.openByGuests,
      isIdle: (address: string) => this.#model.isIdle(address),
      number: run.number,
    };
    try {
      this.#model.done(run, await performOperation(performer, spec, {}));
      return this.#model.violations.length === 0;
    } catch (error) {
      const { code, message, details } = asPlatterError(error);
      const what = `${spec.kind} ${spec.subject} ${spec.other ?? ''}`;
      this.#model.violate(
        'liveness',
        `with no faults any more, ${what} fails: ${code} ${message} ${JSON.stringify(details)}`,
      );
      return false;
    }
  }
}

/**
 * What follows when the faults are over: every host has power and space, nothing hangs, what was interrupted is recovered,
 * everything that used to work works, and when all that was made is removed nothing is left. Where space was short, disks
 * are removed with none left.
 */
import type { Backend } from '../../src/images/backend.ts';
import type { PlatterEvent } from '../../src/ports/events.ts';
import { directoryOf } from '../model/layout.ts';
import type { Model } from '../model/model.ts';
import { sharedImage } from '../model/service-images.ts';
import { serviceImages } from '../model/cluster-names.ts';
import type { SimProcess } from '../process.ts';
import type { Volume } from '../volume/volume.ts';
import type { World } from '../world.ts';
import { performOperation } from './perform.ts';
import { asPlatterError, backendOf } from './setting.ts';
import { operationsOf, type OperationSpec, type Scenario } from './scenario.ts';

/** Longer than any lock is held by one who is dead. */
const calmUs = 60_000_000;

const roomyBytes = 2 ** 50;

export async function closeDown(world: World, model: Model, scenario: Scenario): Promise<void> {
  for (const machine of world.machines) world.powerOn(machine);
  world.volume.isReadOnly = false;
  world.volume.capacityBytes = roomyBytes;
  world.stores.makeRoom?.();
  // Whoever started them is dead, or has killed them already.
  for (const tool of world.hanging) world.kill(tool);
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

/** Who on another host is dead only that host can tell: each one recovers, and the first one does what all of them can. */
async function closeOn(world: World, model: Model, scenario: Scenario): Promise<void> {
  const closings = world.machines.map((machine) => {
    const process = world.spawn(machine, 'close down');
    return new Closing(world, model, scenario, process);
  });
  const [first, ...others] = closings;
  if (first === undefined) return;
  for (const closing of [...others, first]) if (!(await closing.recover())) return;
  model.recovered();
  if (model.violations.length > 0 || scenario.closing === 'recover') return;
  if ([...model.disks.keys()].some((address) => model.store.keepsTwoNames?.(address))) return;
  if (!(await first.removeOrphans())) return;
  if (!(await first.useAgain())) return;
  const removing = model.isApart ? closings : [first];
  if (scenario.volume.capacityBytes < 2 ** 40) fillUp(world.volume);
  for (const closing of removing) if (!(await closing.removeDisks())) return;
  world.volume.capacityBytes = roomyBytes;
  if (!(await first.removeServiceImages())) return;
  for (const closing of removing) if (!(await closing.removeTemplates())) return;
  model.end();
}

/** By others: disks have to go all the same. */
function fillUp(volume: Volume): void {
  volume.capacityBytes = volume.usedBytes;
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

  /** The snapshots of disks that somebody has removed by hand. */
  async removeOrphans(): Promise<boolean> {
    const byHand = operationsOf(this.#scenario).filter(({ kind }) => kind === 'remove by hand');
    for (const { kind, subject } of byHand) {
      if (!(await this.#mustSucceed({ kind, subject, other: 'snapshots' }))) return false;
    }
    return true;
  }

  /** Whatever happened before, a disk can be had under each address, used and used again. */
  async useAgain(): Promise<boolean> {
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

  /** Those of its own, where hosts have directories of their own. */
  async removeDisks(): Promise<boolean> {
    const { disks, store, homes, isApart } = this.#model;
    const depth = (address: string) => store.depthOf?.(address) ?? 0;
    const { index } = this.#process.machine;
    const subjects = [...disks.keys()]
      .filter((address) => !isApart || homes.get(address) === index)
      .sort()
      .sort((a, b) => depth(b) - depth(a));
    for (const subject of subjects) {
      // Where there is no space, what needs most.
      const isFull = this.#world.volume.capacityBytes < roomyBytes;
      const wipes = isFull ? { wipe: true } : {};
      if (!(await this.#mustSucceed({ kind: 'destroy', subject, ...wipes }))) return false;
      // What was given back is somebody else's at once.
      if (isFull) fillUp(this.#world.volume);
    }
    return true;
  }

  /** Nothing leans on them any more. */
  async removeServiceImages(): Promise<boolean> {
    const { cluster } = this.#world.stores;
    if (cluster === undefined) return true;
    for (const name of serviceImages.filter((one) => sharedImage(cluster, one) !== undefined)) {
      const removes = { kind: 'clean up image', subject: 'vm1/disk', other: name } as const;
      if (!(await this.#mustSucceed(removes))) return false;
    }
    return true;
  }

  async removeTemplates(): Promise<boolean> {
    const own = `${directoryOf(this.#scenario, this.#process.machine.index)}/`;
    const templates = [...this.#model.templates].filter(([path]) => path.startsWith(own));
    for (const subject of templates.map(([, name]) => name).sort()) {
      if (this.#model.store.isHeldForEver?.(subject) === true) return false;
      if (!(await this.#mustSucceed({ kind: 'delete template', subject }))) return false;
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

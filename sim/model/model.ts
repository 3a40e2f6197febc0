/**
 * The onlooker: sees the whole world at once, follows every operation and every change, and keeps what the invariants
 * need to know. It says what is true, not how it comes about.
 */
import type { PlatterEvent } from '../../src/ports/events.ts';
import type { Fault } from '../faults/fault.ts';
import type { SimProcess } from '../process.ts';
import type { Invariant, Violation } from './invariant.ts';
import type { OperationSpec, Scenario } from '../scenarios/scenario.ts';
import type { Inode } from '../volume/inode.ts';
import type { VolumeChange } from '../volume/volume-change.ts';
import type { Observer } from '../observer.ts';
import type { World } from '../world.ts';
import { checksOf, type Checks, type HookName } from './checks.ts';
import { replaces, sourceOf } from './expected.ts';
import { diskStoreOf, type DiskStore } from './disk-store.ts';
import { directoriesOf, directoryOf, isApart, workspacesOn, type Meaning } from './layout.ts';
import { end, noteOverlaps, touches, type OperationRun } from './operation-run.ts';
import { addressesOf, isUnknown, worksOnImages } from './touched.ts';
import { Unsettled } from './unsettled.ts';
import { stateOf, type DiskState, type DiskView } from './view.ts';

export class Model implements Observer {
  readonly world: World;
  readonly scenario: Scenario;
  readonly violations: Violation[] = [];
  readonly runs: OperationRun[] = [];
  readonly faults: Fault[] = [];
  readonly store: DiskStore;
  /** Whether the hosts share nothing but a cluster. */
  readonly isApart: boolean;
  /** Disks that are there. */
  readonly disks = new Map<string, DiskView>();
  /** Paths of the templates that are there, with their names. */
  readonly templates = new Map<string, string>();
  /** The host on which each disk was made. */
  readonly homes = new Map<string, number>();
  readonly unsettled: Unsettled;
  /** Every state that a disk has legitimately had, as `size bytes`. */
  readonly known = new Map<string, Set<string>>();
  /** Disks that machines have open. */
  readonly openByGuests = new Map<Inode, number>();
  /** Who fetches which template. */
  readonly fetching = new Map<string, SimProcess>();
  readonly #checks: Checks;
  readonly #runOf = new Map<number, OperationRun>();
  readonly #addressOf = new Map<Inode, string>();
  #beforeCut: ReadonlyMap<string, DiskState> = new Map();

  constructor(world: World, scenario: Scenario, invariants: readonly Invariant[]) {
    this.world = world;
    this.scenario = scenario;
    this.store = diskStoreOf(world, scenario);
    this.isApart = isApart(scenario);
    this.unsettled = new Unsettled(this.isApart);
    this.#checks = checksOf(invariants);
    world.observers.push(this);
  }

  violate(id: string, message: string): void {
    this.violations.push({ id, message, step: this.world.gate.steps });
  }

  #check<Hook extends HookName>(
    hook: Hook,
    apply: (check: NonNullable<Invariant[Hook]>) => string | undefined,
  ): void {
    for (const { id, check } of this.#checks[hook]) {
      const message = apply(check);
      if (message !== undefined) this.violate(id, message);
    }
  }

  /** State of an image now; undefined when there is none. */
  state(address: string): DiskState | undefined {
    const view = this.disks.get(address);
    return view === undefined ? undefined : stateOf(this.world.volume, view);
  }

  /** What is in hand, or was left, of an image where a process looks for it. */
  workspacesOf({ machine }: SimProcess, address: string | undefined): readonly Inode[] {
    return workspacesOn(this.world.volume, directoryOf(this.scenario, machine.index), address);
  }

  begin(client: number, process: SimProcess, spec: OperationSpec): OperationRun {
    const addresses = addressesOf(spec);
    const subject = addresses?.[0];
    const run: OperationRun = {
      number: this.runs.length + 1,
      client,
      spec,
      process,
      startedStep: this.world.gate.steps,
      addresses,
      before: subject === undefined ? undefined : this.state(subject),
      allBefore: addresses === undefined ? this.states() : undefined,
      workspacesBefore: new Set(this.workspacesOf(process, subject)),
      source: sourceOf(this, spec),
      isAlone: true,
      isExclusive: true,
      outcome: 'running',
      endedStep: undefined,
      error: undefined,
      result: undefined,
    };
    noteOverlaps(run, this.runs);
    if (addresses === undefined || addresses.some((address) => this.unsettled.has(address))) {
      run.isAlone = false;
    }
    this.runs.push(run);
    this.#runOf.set(process.id, run);
    return run;
  }

  done(run: OperationRun, result: unknown): void {
    end(run, 'done', this.world.gate.steps);
    run.result = result;
    this.#check('onDone', (check) => check(this, run));
    // The origin of a clone is only read, without its lock.
    const own =
      run.addresses === undefined ? this.unsettled.addresses() : run.addresses.slice(0, 1);
    for (const address of own) this.#settle(run, address);
  }

  #settle(run: OperationRun, address: string): void {
    const isBusy = this.runs.some(
      (other) => other !== run && other.outcome === 'running' && touches(other, address),
    );
    if (!isBusy) this.unsettled.settle(run, address);
    this.remember(address);
  }

  failed(run: OperationRun, error: PlatterErrorLike): void {
    end(run, 'failed', this.world.gate.steps);
    run.error = error;
    this.#check('onFailed', (check) => check(this, run));
    if (isUnknown(error)) this.#unsettle(run);
  }

  interrupted(run: OperationRun): void {
    end(run, 'interrupted', this.world.gate.steps);
    run.isAlone = false;
    this.#check('onInterrupted', (check) => check(this, run));
    this.#unsettle(run);
  }

  #unsettle(run: OperationRun): void {
    for (const address of run.addresses ?? this.disks.keys()) {
      this.unsettled.leave(run, address, this.runs.length);
    }
  }

  /** Whether nobody works on an image. */
  isIdle(address: string): boolean {
    return !this.runs.some((run) => {
      return run.outcome === 'running' && worksOnImages(run.spec) && touches(run, address);
    });
  }

  /** The present state is one that the disk may be found in again. */
  remember(address: string): void {
    const state = this.state(address);
    if (state === undefined) return;
    const known = this.known.get(address) ?? new Set();
    known.add(`${state.sizeBytes} ${state.guest}`);
    this.known.set(address, known);
  }

  /** Something else has touched an image: whoever works on it is not alone. */
  disturb(address: string): void {
    for (const run of this.runs) {
      if (run.outcome === 'running' && touches(run, address)) run.isAlone = false;
    }
  }

  onStep(process: SimProcess, name: string, subject: string): void {
    for (const { id, check } of this.#checks.onStep) {
      const message = check(this, process, name, subject);
      if (message !== undefined) this.violate(id, message);
    }
  }

  onFault(fault: Fault): void {
    this.faults.push(fault);
  }

  /** Tells of what a process tells of itself. */
  onEvent(event: PlatterEvent): void {
    this.#check('onEvent', (check) => check(this, event));
  }

  onChange(process: SimProcess | undefined, told: VolumeChange): void {
    if (this.scenario.encryption !== undefined) {
      this.#check('onAnyChange', (check) => check(this, told));
    }
    const change = this.store.changeOfDisk?.(told) ?? told;
    const meaning = this.#meaning(change);
    if (meaning === undefined) return;
    const replaced = meaning.kind === 'disk' ? this.disks.get(meaning.address) : undefined;
    this.#update(meaning, change, process);
    const run = process === undefined ? undefined : this.runOf(process);
    const meant = { ...change, meaning, run, replaced };
    this.#check('onChange', (check) => check(this, meant));
    if (meaning.kind === 'template') this.#updateTemplate(meaning, change);
  }

  #meaning(change: VolumeChange): Meaning {
    if (change.kind !== 'content') return this.store.meaningOf(change.path, change.inode);
    const address = this.#addressOf.get(change.inode);
    return address === undefined
      ? this.store.meaningOf(change.path, change.inode)
      : { kind: 'disk', address };
  }

  #update(
    meaning: Exclude<Meaning, undefined>,
    { kind, inode }: VolumeChange,
    process: SimProcess | undefined,
  ): void {
    if (meaning.kind === 'template') return;
    const { address } = meaning;
    const view = this.store.view(address);
    if (view === undefined) this.disks.delete(address);
    else this.disks.set(address, view);
    if (meaning.kind !== 'disk') return;
    if (kind === 'appear') {
      this.#addressOf.set(inode, address);
      if (process !== undefined) this.homes.set(address, process.machine.index);
    }
    if (kind === 'vanish' && this.#addressOf.get(inode) === address) this.#addressOf.delete(inode);
  }

  #updateTemplate({ path, name }: { path: string; name: string }, { kind }: VolumeChange): void {
    if (kind === 'vanish') this.templates.delete(path);
    else this.templates.set(path, name);
  }

  /** The operation that a process works on. */
  runOf(process: SimProcess): OperationRun | undefined {
    return this.#runOf.get(process.parent?.id ?? process.id);
  }

  /** Whether the disk may become smaller: somebody has begun to bring back a snapshot of it. */
  isRestored(address: string): boolean {
    return this.runs.some(
      ({ spec }) => spec.kind === 'restore snapshot' && spec.subject === address,
    );
  }

  /** Whether somebody has begun to put another disk in its place. */
  isReplaced(address: string): boolean {
    return this.runs.some(({ spec }) => replaces(spec) && spec.subject === address);
  }

  /** States of the disks that are there, for comparing what a power cut leaves. */
  states(): ReadonlyMap<string, DiskState> {
    const states = new Map<string, DiskState>();
    for (const [address, view] of this.disks) {
      states.set(address, stateOf(this.world.volume, view));
    }
    return states;
  }

  beforePowerCut(): void {
    this.#beforeCut = this.states();
  }

  /** After a power cut nothing is as it was seen before. */
  afterPowerCut(): void {
    const before = this.#beforeCut;
    this.#addressOf.clear();
    const addresses = new Set([...this.disks.keys(), ...this.known.keys(), ...before.keys()]);
    this.disks.clear();
    for (const address of addresses) {
      const view = this.store.view(address);
      if (view === undefined) continue;
      this.disks.set(address, view);
      this.#addressOf.set(view.inode, address);
    }
    for (const directory of directoriesOf(this.scenario)) {
      for (const { name } of this.scenario.templates) {
        const path = `${directory}/_base/${name}`;
        if (this.world.volume.peek(path) === undefined) this.templates.delete(path);
        else this.templates.set(path, name);
      }
    }
    this.#check('onPowerCut', (check) => check(this, before));
  }

  recovered(): void {
    this.#check('onRecovered', (check) => check(this));
  }

  end(): void {
    this.#check('onEnd', (check) => check(this));
  }
}

type PlatterErrorLike = NonNullable<OperationRun['error']>;

/**
 * One simulated world: machines, processes, a volume that they share, virtual time, and one scheduler for all. A run of
 * a scenario has a world of its own and shares nothing with any other run.
 */
import { FaultPlan, isHostFault, type Fault } from './faults/fault.ts';
import { removeLocks } from './locks.ts';
import { newMachine, type SimMachine, type SimProcess } from './process.ts';
import type { SchedulePolicy } from './schedule/choices.ts';
import { Gate, type GateOutcome } from './schedule/gate.ts';
import type { Held, Settle } from './schedule/held.ts';
import { hashText } from './schedule/prng.ts';
import { looksAtSteps, type Observer, type StepObserver } from './observer.ts';
import type { ImageStores } from './stores.ts';
import { cutPower, loseMemoryOf, type PersistenceProfile } from './volume/power-cut.ts';
import { NameCaches } from './volume/name-cache.ts';
import { Volume } from './volume/volume.ts';
import type { VolumeChange } from './volume/volume-change.ts';

export interface WorldOptions {
  readonly machines: number;
  readonly policy: SchedulePolicy;
  readonly faults: readonly Fault[];
  readonly capacityBytes: number;
  readonly hasReflinks: boolean;
  readonly hasFallocate: boolean;
  readonly persistence: PersistenceProfile;
  /** Whether the volume is on a server: then a host that loses power takes only its own memory along. */
  readonly isShared: boolean;
  /** Whether hosts trust their caches of names on it (NFS, as mounted by default). Default is false. */
  readonly cachesNames?: boolean;
  /** Which of so many states a power cut leaves. */
  readonly chooseState: (options: number) => number;
  readonly stepsMax?: number;
  /** What there is besides the filesystem; each tells of its changes. Default: nothing. */
  readonly makeStores?: (
    volume: Volume,
    tell: (change: VolumeChange) => void,
    nowUs: () => number,
  ) => ImageStores;
}

/** Wall clocks begin on 2026-01-01. */
const epochMs = 1_767_225_600_000;

export class World {
  readonly options: WorldOptions;
  readonly gate: Gate;
  readonly machines: readonly SimMachine[];
  readonly volume: Volume;
  readonly faults: FaultPlan;
  readonly observers: Observer[] = [];
  /** Tools that go no further, until somebody kills them. */
  readonly hanging = new Set<SimProcess>();
  readonly stores: ImageStores;
  /** Calls of ports that were let through. */
  portCalls = 0;
  traceHash = 0x811c9dc5;
  /** Of the observers, those that look at every step; made anew when one has joined. */
  #stepObservers: readonly StepObserver[] = [];
  #observersKnown = 0;
  #acting: SimProcess | undefined;
  #fault: Fault | undefined;
  #nextOwner = 1;
  readonly #shared = new Map<string, unknown>();
  readonly #names: NameCaches | undefined;

  constructor(options: WorldOptions) {
    this.options = options;
    this.gate = new Gate({
      policy: options.policy,
      admit: (held) => this.#admit(held),
      afterwards: () => {
        this.volume.client = undefined;
      },
      stepsMax: options.stepsMax ?? 50_000,
    });
    this.machines = Array.from({ length: options.machines }, (_, index) => newMachine(index));
    const { capacityBytes, hasReflinks, hasFallocate } = options;
    this.volume = new Volume({ id: 1, capacityBytes, hasReflinks, hasFallocate });
    if (options.cachesNames === true)
      this.#names = new NameCaches(this.volume.tree, () => this.gate.nowUs);
    this.faults = new FaultPlan(options.faults);
    const tell = (change: VolumeChange) => {
      // Who looks on sees what is there.
      const { client } = this.volume;
      this.volume.client = undefined;
      for (const observer of this.observers) observer.onChange?.(this.#acting, change);
      this.volume.client = client;
    };
    this.volume.onChange = tell;
    this.stores = options.makeStores?.(this.volume, tell, () => this.gate.nowUs) ?? {};
  }

  /** State that a port keeps across the processes of a world: made when it is first wanted. */
  shared<State>(name: string, make: () => State): State {
    if (!this.#shared.has(name)) this.#shared.set(name, make());
    return this.#shared.get(name) as State;
  }

  /** Starts a process on a machine. */
  spawn(
    machine: SimMachine,
    label: string,
    { parent, endsWithCaller = false }: { parent?: SimProcess; endsWithCaller?: boolean } = {},
  ): SimProcess {
    const process: SimProcess = {
      id: this.#nextOwner++,
      machine,
      pid: machine.nextPid++,
      startTicks: Math.floor(this.gate.nowUs / 10_000),
      boot: machine.bootCount,
      label,
      parent,
      endsWithCaller,
      isAlive: true,
      pausedUntilUs: this.#pauseOf(machine),
      stuck: undefined,
      onKill: undefined,
    };
    machine.processes.add(process);
    return process;
  }

  #pauseOf(machine: SimMachine): number {
    let until = 0;
    for (const { pausedUntilUs } of machine.processes) until = Math.max(until, pausedUntilUs);
    return until;
  }

  /** It has ended by itself. */
  end(process: SimProcess): void {
    process.machine.processes.delete(process);
    this.gate.bury(process);
  }

  /**
   * It is killed: nothing of it goes on, but for those tools of its that do not end with it. One that nothing interrupts dies
   * when its system call returns.
   */
  kill(process: SimProcess): void {
    if (!process.isAlive) return;
    if (process.stuck !== undefined) {
      process.stuck = 'killed';
      return;
    }
    this.end(process);
    process.onKill?.();
    for (const observer of this.observers) observer.onCrash?.(process);
    for (const tool of [...process.machine.processes]) {
      if (tool.parent === process && tool.endsWithCaller) this.kill(tool);
    }
  }

  cutPower(machine: SimMachine): void {
    for (const observer of this.observers) observer.beforePowerCut?.(machine);
    for (const process of [...machine.processes]) {
      process.stuck = undefined;
      this.kill(process);
    }
    machine.isUp = false;
    this.volume.client = undefined;
    this.#names?.forget(machine.index);
    const { isShared, persistence, chooseState } = this.options;
    if (isShared) loseMemoryOf(this.volume, machine.index, chooseState);
    else cutPower(this.volume, persistence, chooseState);
    this.stores.cutPower?.(machine, chooseState);
    // Who was at work is dead: what is changed now nobody of them does.
    this.#acting = undefined;
    for (const observer of this.observers) observer.afterPowerCut?.(machine);
  }

  /** After a power cut: another boot. */
  powerOn(machine: SimMachine): void {
    if (machine.isUp) return;
    machine.isUp = true;
    machine.bootCount += 1;
  }

  pause(machine: SimMachine, ms: number): void {
    const until = this.gate.nowUs + ms * 1000;
    for (const process of machine.processes) process.pausedUntilUs = until;
  }

  /** Wall clock of a machine, in milliseconds since 1970. */
  wallMs(machine: SimMachine): number {
    return Math.floor(epochMs + (this.gate.nowUs / 1000) * machine.drift + machine.offsetMs);
  }

  run(start: () => void): Promise<GateOutcome> {
    return this.gate.run(start);
  }

  /**
   * A call of a port that takes effect at once when it is let through. A process that is to die of it dies when the
   * effect has got as far as the fault says.
   */
  call<Value>(
    process: SimProcess,
    name: string,
    subject: string,
    effect: (fault: Fault | undefined) => Value,
  ): Promise<Value> {
    return this.gate.call(process, name, subject, () => this.#strike(process, effect));
  }

  /** The same, where the answer comes later. */
  callLater<Value>(
    process: SimProcess,
    name: string,
    subject: string,
    begin: (settle: Settle<Value>, fault: Fault | undefined) => void,
  ): Promise<Value> {
    return this.gate.callLater<Value>(process, name, subject, (settle) =>
      this.#strike(process, (fault) => begin(settle, fault)),
    );
  }

  #strike<Value>(process: SimProcess, effect: (fault: Fault | undefined) => Value): Value {
    const fault = this.takeFault();
    if (fault === undefined || !isHostFault(fault.kind)) return effect(fault);
    try {
      return effect(fault);
    } finally {
      if (fault.kind === 'cut power') this.cutPower(process.machine);
      else this.kill(process);
    }
  }

  /** The fault that strikes what proceeds now, for whoever has to act it out. */
  takeFault(): Fault | undefined {
    const fault = this.#fault;
    this.#fault = undefined;
    return fault;
  }

  /** Everything that proceeds passes here: it is traced, and faults strike. */
  #admit(held: Held): boolean {
    const process = held.owner as SimProcess;
    const { machine } = process;
    this.portCalls += 1;
    this.traceHash = hashText(held.subject, hashText(held.name, this.traceHash ^ process.id));
    if (this.observers.length !== this.#observersKnown) {
      this.#observersKnown = this.observers.length;
      this.#stepObservers = this.observers.filter(looksAtSteps);
    }
    for (const observer of this.#stepObservers) observer.onStep(process, held.name, held.subject);
    const fault = this.faults.visit(machine.index, held.name, process.parent !== undefined);
    this.#acting = process;
    this.volume.actingHost = machine.index;
    this.volume.nowMs = this.wallMs(machine);
    this.volume.client = this.#names?.of(machine.index);
    this.#fault = undefined;
    if (fault === undefined) return true;
    for (const observer of this.observers) observer.onFault?.(fault);
    if (!isHostFault(fault.kind)) {
      this.#fault = fault;
      return true;
    }
    return this.#strikeHost(process, fault);
  }

  /** Whether what was held can still proceed. */
  #strikeHost(process: SimProcess, fault: Fault): boolean {
    const { machine } = process;
    switch (fault.kind) {
      case 'kill process':
      case 'cut power':
        return this.#strikeDead(process, fault);
      case 'pause':
        this.pause(machine, fault.amount ?? 30_000);
        return true;
      case 'jump clock':
        machine.offsetMs += fault.amount ?? 3_600_000;
        return true;
      case 'remove locks':
        removeLocks(this);
        return true;
      default:
        return true;
    }
  }

  /**
   * Before the call, or, with an amount, when the call has got so far. A fault at a step of a tool kills the process that
   * started it: the tool becomes an orphan and goes on.
   */
  #strikeDead(process: SimProcess, fault: Fault): boolean {
    if (fault.amount !== undefined && process.parent === undefined) {
      this.#fault = fault;
      return true;
    }
    if (fault.kind === 'cut power') this.cutPower(process.machine);
    else this.kill(process.parent ?? process);
    return process.isAlive;
  }
}

/** Simulated machines and the processes on them. */
import type { ProcessIdentity } from '../src/ports/host-facts.ts';
import type { Owner } from './schedule/held.ts';

export interface SimMachine {
  readonly index: number;
  readonly name: string;
  bootCount: number;
  isUp: boolean;
  /** The wall clock is monotonic time times `drift`, plus `offsetMs`. */
  drift: number;
  offsetMs: number;
  /** Tools say something at every run that is of no matter. */
  toolsWarn: boolean;
  nextPid: number;
  readonly processes: Set<SimProcess>;
}

/** A process of platter, or a tool that one has started. */
export interface SimProcess extends Owner {
  readonly machine: SimMachine;
  readonly pid: number;
  readonly startTicks: number;
  readonly boot: number;
  /** What it is, for traces: `client 2`, `qemu-img create`. */
  readonly label: string;
  /** Of tools: who started them. */
  readonly parent: SimProcess | undefined;
  /** Of tools: whether they are killed when who started them dies. */
  readonly endsWithCaller: boolean;
  /** Of tools: in a system call that nothing interrupts, and whether it dies when that returns. */
  stuck: 'uninterruptible' | 'killed' | undefined;
  /** Ended by whom: tools that are killed stop between two steps. */
  onKill: (() => void) | undefined;
}

export function newMachine(index: number): SimMachine {
  return {
    index,
    name: `host-${String.fromCharCode(97 + index)}`,
    bootCount: 1,
    isUp: true,
    drift: 1,
    offsetMs: 0,
    toolsWarn: false,
    nextPid: 100,
    processes: new Set(),
  };
}

export function identityOf(process: SimProcess): ProcessIdentity {
  const { machine } = process;
  return {
    host: machine.name,
    machine: machine.name,
    boot: `${machine.name}-boot-${process.boot}`,
    namespace: 'init',
    pid: process.pid,
    processStart: String(process.startTicks),
  };
}

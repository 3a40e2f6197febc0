/** Those who look on while a world goes on. */
import type { Fault } from './faults/fault.ts';
import type { SimMachine, SimProcess } from './process.ts';
import type { VolumeChange } from './volume/volume-change.ts';

/** What looks on: invariants, traces, coverage. */
export interface Observer {
  onStep?(process: SimProcess, name: string, subject: string): void;
  onChange?(process: SimProcess | undefined, change: VolumeChange): void;
  onFault?(fault: Fault): void;
  onCrash?(process: SimProcess): void;
  beforePowerCut?(machine: SimMachine): void;
  afterPowerCut?(machine: SimMachine): void;
}

export type StepObserver = Observer & Required<Pick<Observer, 'onStep'>>;

export function looksAtSteps(observer: Observer): observer is StepObserver {
  return observer.onStep !== undefined;
}

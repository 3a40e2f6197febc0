/** What invariants are, and what they are told. */
import type { PlatterEvent } from '../../src/ports/events.ts';
import type { SimProcess } from '../process.ts';
import type { VolumeChange } from '../volume/volume-change.ts';
import type { Meaning } from './layout.ts';
import type { Model } from './model.ts';
import type { OperationRun } from './operation-run.ts';
import type { DiskState, DiskView } from './view.ts';

export interface Violation {
  readonly id: string;
  readonly message: string;
  readonly step: number;
}

/** A change with what it means and who made it. */
export interface MeantChange extends VolumeChange {
  readonly meaning: Exclude<Meaning, undefined>;
  /** The operation of the process that made it; undefined for the onlooker itself and for what nobody asked for. */
  readonly run: OperationRun | undefined;
  /** What stood there before, for what appears over something. */
  readonly replaced: DiskView | undefined;
}

/** An invariant: one a file, each of its hooks optional. */
export interface Invariant {
  readonly id: string;
  /** What must be true, for people. */
  readonly description: string;
  readonly onChange?: (model: Model, change: MeantChange) => string | undefined;
  /** Of any file or volume, whatever it means to platter. */
  readonly onAnyChange?: (model: Model, change: VolumeChange) => string | undefined;
  readonly onEvent?: (model: Model, event: PlatterEvent) => string | undefined;
  readonly onDone?: (model: Model, run: OperationRun) => string | undefined;
  readonly onFailed?: (model: Model, run: OperationRun) => string | undefined;
  /** Its process has died. */
  readonly onInterrupted?: (model: Model, run: OperationRun) => string | undefined;
  readonly onPowerCut?: (
    model: Model,
    before: ReadonlyMap<string, DiskState>,
  ) => string | undefined;
  readonly onStep?: (
    model: Model,
    process: SimProcess,
    name: string,
    subject: string,
  ) => string | undefined;
  /** When faults are over and everything that was interrupted has been recovered. */
  readonly onRecovered?: (model: Model) => string | undefined;
  /** When everything that was made has been removed. */
  readonly onEnd?: (model: Model) => string | undefined;
}

/** One operation that a client has asked for, as the onlooker follows it. */
import type { PlatterError } from '../../src/errors.ts';
import type { SimProcess } from '../process.ts';
import type { OperationSpec } from '../scenarios/scenario.ts';
import type { Inode } from '../volume/inode.ts';
import type { Source } from './expected.ts';
import type { DiskState } from './view.ts';

export interface OperationRun {
  readonly number: number;
  readonly client: number;
  readonly spec: OperationSpec;
  readonly process: SimProcess;
  readonly startedStep: number;
  /** Images that it works on; undefined when it may touch any. */
  readonly addresses: readonly string[] | undefined;
  /** State of its image when it began; undefined when there was none. */
  readonly before: DiskState | undefined;
  /** Of all images, where it may touch any. */
  readonly allBefore: ReadonlyMap<string, DiskState> | undefined;
  /** Workspaces on its image that were there when it began: they are somebody else's. */
  readonly workspacesBefore: ReadonlySet<Inode>;
  /** What a new image is to be made of, as it was when the operation began. */
  readonly source: Source | undefined;
  /** Whether nothing else has touched its images since it began, and nothing was left to be done on them before. */
  isAlone: boolean;
  /** Whether no other operation has worked on its images while it did. */
  isExclusive: boolean;
  outcome: 'running' | 'done' | 'failed' | 'interrupted';
  /** Undefined while it runs. */
  endedStep: number | undefined;
  error: PlatterError | undefined;
  /** What it resolved to. */
  result: unknown;
}

/** Whoever works on the same image meanwhile keeps neither alone. */
export function noteOverlaps(run: OperationRun, runs: readonly OperationRun[]): void {
  for (const other of runs) {
    if (other.outcome !== 'running' || !overlap(run, other)) continue;
    for (const one of [run, other]) {
      one.isAlone = false;
      one.isExclusive = false;
    }
  }
}

export function end(run: OperationRun, outcome: OperationRun['outcome'], step: number): void {
  run.outcome = outcome;
  run.endedStep = step;
}

function overlap(a: OperationRun, b: OperationRun): boolean {
  if (a.addresses === undefined || b.addresses === undefined) return true;
  return a.addresses.some((address) => b.addresses?.includes(address));
}

export function touches(run: OperationRun, address: string): boolean {
  return run.addresses === undefined || run.addresses.includes(address);
}

/** One operation that a client has asked for, as the onlooker follows it. */
import type { PlatterError } from '../../src/errors.ts';
import type { SimProcess } from '../process.ts';
import type { OperationSpec } from '../scenarios/scenario.ts';
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
  /** What a new image is to be made of, as it was when the operation began. */
  readonly source: Source | undefined;
  /** Whether nothing else has touched its images since it began, and nothing was left to be done on them before. */
  isAlone: boolean;
  /** Whether no other operation has worked on its images while it did. */
  isExclusive: boolean;
  outcome: 'running' | 'done' | 'failed' | 'interrupted';
  error: PlatterError | undefined;
  /** What it resolved to. */
  result: unknown;
}

export function touches(run: OperationRun, address: string): boolean {
  return run.addresses === undefined || run.addresses.includes(address);
}

/** What operations are made of: steps that can be shown before they are taken. */
import type { ToolLimits } from '../config/config.ts';
import type { Progress } from '../ingress/source.ts';
import type { Command } from '../ports/executor.ts';
import type { Host } from '../ports/host.ts';
import type { Workspace } from '../workspace/workspace.ts';

/** What an operation works with while it holds its lock. */
export interface Session {
  /** Refuses effects once the operation has to stop. */
  readonly host: Host;
  /** Aborted when the caller cancels, or the lock is lost. */
  readonly signal: AbortSignal;
  readonly workspace: Workspace;
  /** One that hangs must not hold a lock for ever. */
  readonly limits: ToolLimits;
  readonly progress: (progress: Progress) => void;
  /** Waits for one of the slots for long disk operations, and holds it during `act`. */
  readonly withSlot: <Result>(act: () => Promise<Result>) => Promise<Result>;
  /** By which of several ways the work was done (`reflink`, `copy`, …); the last one told is reported. */
  method?: string;
}

export interface Step {
  /** For people, in the imperative: "reflink the template". */
  readonly description: string;
  readonly command?: Command;
  /** Bytes that are copied or reserved, at most; null where something is, and nobody knows beforehand how much. */
  readonly bytes?: number | null;
  run(session: Session): Promise<void>;
}

/** What an operation will do, found out without changing anything. */
export interface Prepared<Result> {
  readonly steps: readonly Step[];
  result(session: Session): Promise<Result>;
}

/** What `--dry-run` prints. */
export interface Plan {
  readonly operation: string;
  readonly target: string;
  readonly steps: readonly {
    readonly description: string;
    readonly command?: readonly string[];
    readonly bytes?: number | null;
  }[];
  /** Sum of the bytes that are known. */
  readonly bytes: number;
}

export function planOf(operation: string, target: string, steps: readonly Step[]): Plan {
  return {
    operation,
    target,
    steps: steps.map(({ description, command, bytes }) => ({
      description,
      ...(command === undefined ? {} : { command: [command.file, ...command.args] }),
      ...(bytes === undefined ? {} : { bytes }),
    })),
    bytes: steps.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0),
  };
}

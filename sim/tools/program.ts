/** What simulated tools are: programs over a volume, with named steps. */
import type { SimProcess } from '../process.ts';
import type { ImageStores } from '../stores.ts';
import type { Volume } from '../volume/volume.ts';

export interface ToolContext {
  readonly volume: Volume;
  readonly stores: ImageStores;
  readonly process: SimProcess;
  /** Standard input. */
  readonly input: string;
  /** Wall clock of the host when the tool was started. */
  readonly nowMs: number;
  /** Gives back what the tool has locked; called when it ends, however it ends. */
  readonly held: (() => void)[];
}

/** A point between two effects: a kill, an error or a crash can land here. */
export interface ToolStep {
  readonly name: string;
  readonly subject?: string;
  /** How long it takes to get here. Default: no time to speak of. */
  readonly takesMs?: number;
  /** On standard output, before it goes on. */
  readonly prints?: string;
  /** Goes no further before `wake` is called. */
  readonly until?: (wake: () => void) => void;
  /** SIGTERM ends the waiting: EINTR is thrown into the tool. */
  readonly isInterruptible?: boolean;
}

export interface ToolResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Yields before each effect; an errno is thrown into it where a system call fails. */
export type ToolProgram = (
  context: ToolContext,
  args: readonly string[],
) => Generator<ToolStep, ToolResult, void>;

export function success(stdout = ''): ToolResult {
  return { exitCode: 0, stdout, stderr: '' };
}

export function failure(stderr: string, exitCode = 1): ToolResult {
  return { exitCode, stdout: '', stderr: `${stderr}\n` };
}

/** As the C library spells them in the C locale. */
const errnoTexts: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EEXIST: 'File exists',
  EIO: 'Input/output error',
  ENOSPC: 'No space left on device',
  EDQUOT: 'Disk quota exceeded',
  EACCES: 'Permission denied',
  EROFS: 'Read-only file system',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  ESTALE: 'Stale file handle',
  EMFILE: 'Too many open files',
  EOPNOTSUPP: 'Operation not supported',
  EPERM: 'Operation not permitted',
  EINVAL: 'Invalid argument',
  EBUSY: 'Device or resource busy',
};

export function errnoText(error: unknown): string {
  const code = String((error as { code?: unknown } | null)?.code);
  return errnoTexts[code] ?? code;
}

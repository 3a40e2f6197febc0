/** Runs command-line tools. The only way in which platter starts a process. */

/** A program and its arguments; never a shell line. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
}

export interface RunOptions {
  /** Written to the tool's standard input, which is then closed. Default: no input. The place for secrets. */
  readonly input?: string | undefined;
  /** Kills the tool's process group after this time. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /**
   * When its time is over the tool is asked to end (SIGTERM), and killed only when it still runs after this time. Default: it
   * is killed at once.
   */
  readonly graceMs?: number | undefined;
  /** Kills the tool's process group when aborted; a signal that is aborted already starts nothing. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each line of standard output and error as it comes; a carriage return ends a line too. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** The tool is killed when one of its streams is longer. Default is 16 MiB. */
  readonly maxOutputBytes?: number | undefined;
}

export interface RunResult {
  /** The exit status, or null when a signal ended the tool. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /**
   * Why the executor itself ended the tool, if it did: then its effects are unknown. One that was asked to end and ended with
   * status 0 has done its work all the same.
   */
  readonly killed: 'timeout' | 'canceled' | 'output' | null;
}

export interface Executor {
  /**
   * Resolves for every exit status. Rejects with TOOL_MISSING or PERMISSION_DENIED when the tool could not be started
   * (so it had no effect). The tool runs in a process group of its own, with `LC_ALL=C` and `TZ=UTC`; when this promise settles after
   * a kill, the whole group has been killed, also where a grandchild kept a pipe open.
   */
  run(command: Command, options?: RunOptions): Promise<RunResult>;
}

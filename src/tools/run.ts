/** Runs a tool and turns its failure into a PlatterError by the tool's own classifier. */
import { PlatterError, type ErrorCode } from '../errors.ts';
import type { Command, Executor, RunOptions, RunResult } from '../ports/executor.ts';
import { isSandboxed, resultInSandbox, sandboxFailure } from './bubblewrap/result.ts';

export interface ToolRun extends RunOptions {
  /** Completes "cannot …" in the message. */
  readonly action: string;
  readonly classify: (result: RunResult) => ErrorCode;
  /** What counts as success. Default: exit status 0. */
  readonly succeeds?: (result: RunResult) => boolean;
}

const outputKeptChars = 4000;

/** Resolves with the result of a tool that succeeded. */
export async function runTool(
  executor: Executor,
  command: Command,
  { action, classify, succeeds = hasExitedWell, ...options }: ToolRun,
): Promise<RunResult> {
  const ended = await executor.run(command, options);
  const result = isSandboxed(command) ? resultInSandbox(ended) : ended;
  if (result.killed === null && result.signal === null && succeeds(result)) return result;
  throw toolError(command, result, action, classify);
}

function hasExitedWell({ exitCode }: RunResult): boolean {
  return exitCode === 0;
}

const killReasons = {
  timeout: ['TIMED_OUT', 'it took too long'],
  canceled: ['CANCELED', 'it was canceled'],
  output: ['TOOL_FAILED', 'it printed without end'],
} as const;

function toolError(
  command: Command,
  result: RunResult,
  action: string,
  classify: ToolRun['classify'],
): PlatterError {
  const details = {
    argv: [command.file, ...command.args],
    exitCode: result.exitCode,
    ...(result.signal === null ? {} : { signal: result.signal }),
    stderr: result.stderr.slice(-outputKeptChars),
  };
  if (result.killed !== null) {
    const [code, reason] = killReasons[result.killed];
    return new PlatterError(code, `cannot ${action}: ${reason}`, { details });
  }
  if (result.signal !== null) {
    return new PlatterError(
      'TOOL_FAILED',
      `cannot ${action}: ${command.file} was ended by ${result.signal}`,
      {
        details,
      },
    );
  }
  const unmade = isSandboxed(command) ? sandboxFailure(result, action) : undefined;
  if (unmade !== undefined) return unmade;
  const missing = missingTool(result);
  if (missing !== undefined) {
    return new PlatterError('TOOL_MISSING', `cannot ${action}: ${missing} is not installed`, {
      details,
      hint: `install ${missing}; platter doctor lists what is missing`,
    });
  }
  const code = classify(result);
  return new PlatterError(code, `cannot ${action}: ${reasonOf(code, command, result)}`, {
    details,
    hint: hintOf[code],
  });
}

/** prlimit and setpriv (util-linux 2.38) start for another tool, and say with status 127 that there is none. */
function missingTool({ exitCode, stderr }: RunResult): string | undefined {
  if (exitCode !== 127) return undefined;
  return /^(?:prlimit|setpriv): failed to execute ([^:]+):/m.exec(stderr)?.[1];
}

/** The public part of a failure names no path: standard error goes into the details. */
const reasons: Partial<Record<ErrorCode, string>> = {
  IN_USE: 'another process is using it',
  NO_SPACE: 'no space left',
  PERMISSION_DENIED: 'permission denied',
  CANNOT_SHRINK: 'it would shrink',
  FORMAT_MISMATCH: 'its content is not of the recorded format',
  NOT_FOUND: 'it is not there',
  CORRUPT: 'it is damaged',
  UNREACHABLE: 'the cluster does not answer',
  ALREADY_EXISTS: 'it exists already',
};

function reasonOf(code: ErrorCode, command: Command, result: RunResult): string {
  if (reasons[code] !== undefined) return reasons[code];
  return result.exitCode === 0
    ? `${command.file} printed an error at its end`
    : `${command.file} failed with exit status ${result.exitCode}`;
}

const hintOf: Partial<Record<ErrorCode, string>> = {
  IN_USE: 'stop the virtual machine (or whatever has the disk open) and try again',
  NO_SPACE: 'free some space and try again',
  TOOL_FAILED: 'run the command again with --verbose to see what the tool printed',
};

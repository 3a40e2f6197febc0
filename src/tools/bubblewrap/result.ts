/** What the end of a command in a sandbox of bubblewrap 0.8 means. Pure. */
import { PlatterError } from '../../errors.ts';
import type { Command, RunResult } from '../../ports/executor.ts';

/** Signals that end tools, by their numbers on Linux. bwrap exits with 128 and the number. */
const signals: Readonly<Record<number, string>> = {
  4: 'SIGILL',
  6: 'SIGABRT',
  7: 'SIGBUS',
  8: 'SIGFPE',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
  24: 'SIGXCPU',
  25: 'SIGXFSZ',
  31: 'SIGSYS',
};

const signalBase = 128;

export function isSandboxed({ file, args }: Command): boolean {
  return file === 'bwrap' || (file === 'prlimit' && args.includes('bwrap'));
}

/** As if the tool had run without a sandbox. */
export function resultInSandbox(result: RunResult): RunResult {
  const signal = signals[(result.exitCode ?? 0) - signalBase];
  return signal === undefined ? result : { ...result, exitCode: null, signal };
}

/** The failure of the sandbox itself; undefined when it was the tool's. */
export function sandboxFailure(
  { exitCode, stderr }: RunResult,
  action: string,
): PlatterError | undefined {
  const reason = exitCode === 1 ? /^bwrap: (.*)$/m.exec(stderr)?.[1] : undefined;
  if (reason === undefined) return undefined;
  const missing = /^execvp ([^:]+): No such file or directory/.exec(reason)?.[1];
  if (missing !== undefined) {
    return new PlatterError('TOOL_MISSING', `cannot ${action}: ${missing} is not installed`, {
      details: { stderr },
      hint: `install ${missing}; platter doctor lists what is missing`,
    });
  }
  return new PlatterError('TOOL_FAILED', `cannot ${action}: the sandbox could not be made`, {
    details: { stderr },
    hint: 'platter doctor tells what this host can do',
  });
}

/**
 * Tools as child processes, by execa 9.
 *
 * Each tool leads a process group of its own, and the whole group is killed: execa alone would wait for ever for a
 * grandchild that keeps a pipe open after the tool itself was killed (measured with 9.6.1).
 */
import type { ChildProcess } from 'node:child_process';
import { PlatterError } from '../errors.ts';
import type { Command, Executor, RunOptions, RunResult } from '../ports/executor.ts';
import { timerMsMax } from './node-clock.ts';

const maxOutputBytesDefault = 16 * 1024 * 1024;
/** How long after the end of a tool its grandchildren may keep its pipes open. */
const pipeGraceMs = 2000;

export function execaExecutor(): Executor {
  return { run };
}

async function run(command: Command, options: RunOptions = {}): Promise<RunResult> {
  if (options.signal?.aborted === true) return nothingRan();
  const { execa } = await import('execa');
  const subprocess = execa(command.file, command.args, {
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
    env: { LC_ALL: 'C', LANG: 'C', TZ: 'UTC', LVM_SUPPRESS_FD_WARNINGS: '1' },
    detached: true,
    reject: false,
    stripFinalNewline: false,
    maxBuffer: options.maxOutputBytes ?? maxOutputBytesDefault,
  });
  const watch = watchOver(subprocess, options);
  try {
    const result = await subprocess;
    if (result.exitCode === undefined && result.signal === undefined) {
      throw cannotStart(command, result);
    }
    // Output beyond its bound ends with any exit status, also with 0.
    if (result.isMaxBuffer) killGroup(subprocess);
    return {
      exitCode: result.exitCode ?? null,
      signal: result.signal ?? null,
      stdout: result.stdout,
      stderr: result.stderr,
      killed: watch.killed(result.exitCode) ?? (result.isMaxBuffer ? 'output' : null),
    };
  } finally {
    watch.end();
  }
}

function nothingRan(): RunResult {
  return { exitCode: null, signal: null, stdout: '', stderr: '', killed: 'canceled' };
}

/** Ends the tool when its time is over, and kills its group when its caller no longer wants it. */
function watchOver(subprocess: ChildProcess, options: RunOptions) {
  const { signal, timeoutMs, graceMs, onLine } = options;
  let killed: RunResult['killed'] = null;
  let isAsked = false;
  const kill = (reason: 'timeout' | 'canceled') => () => {
    killed ??= reason;
    killGroup(subprocess);
  };
  const cancel = kill('canceled');
  signal?.addEventListener('abort', cancel, { once: true });
  let timer: NodeJS.Timeout | undefined;
  // Itself alone: it may need its children to end well.
  const ask = () => {
    isAsked = subprocess.kill('SIGTERM');
    timer = setTimeout(kill('timeout'), graceMs);
  };
  const end = graceMs === undefined ? kill('timeout') : ask;
  if (timeoutMs !== undefined) timer = setTimeout(end, Math.min(timeoutMs, timerMsMax));
  let graceTimer: NodeJS.Timeout | undefined;
  subprocess.once('exit', () => {
    graceTimer = setTimeout(() => killGroup(subprocess), pipeGraceMs);
  });
  if (onLine !== undefined) forwardLines(subprocess, onLine);
  return {
    killed: (exitCode?: number) => killed ?? (isAsked && exitCode !== 0 ? 'timeout' : null),
    end() {
      clearTimeout(timer);
      clearTimeout(graceTimer);
      signal?.removeEventListener('abort', cancel);
    },
  };
}

function killGroup(subprocess: ChildProcess): void {
  if (subprocess.pid !== undefined) {
    try {
      process.kill(-subprocess.pid, 'SIGKILL');
    } catch {
      // The group has ended by itself.
    }
  }
  // Whoever left the group keeps the pipes; nothing that it still says matters.
  subprocess.stdout?.destroy();
  subprocess.stderr?.destroy();
}

/** Progress is written with carriage returns, so they end lines too. */
function forwardLines(subprocess: ChildProcess, onLine: (line: string) => void): void {
  for (const stream of [subprocess.stdout, subprocess.stderr]) {
    let rest = '';
    stream?.on('data', (piece: Buffer | string) => {
      const lines = (rest + String(piece)).split(/[\r\n]+/);
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') onLine(line);
    });
  }
}

function cannotStart(command: Command, error: unknown): PlatterError {
  const { code } = error as { code?: string };
  const details = { argv: [command.file, ...command.args], errno: code };
  if (code === 'ENOENT') {
    return new PlatterError('TOOL_MISSING', `${command.file} is not installed`, {
      details,
      hint: packageHint[command.file] ?? `install ${command.file}`,
      cause: error,
    });
  }
  const errorCode = code === 'EACCES' || code === 'EPERM' ? 'PERMISSION_DENIED' : 'TOOL_FAILED';
  return new PlatterError(errorCode, `cannot start ${command.file}`, { details, cause: error });
}

const packageHint: Readonly<Record<string, string>> = {
  'qemu-img': 'apt-get install qemu-utils',
  prlimit: 'apt-get install util-linux',
  setpriv: 'apt-get install util-linux',
  rbd: 'apt-get install ceph-common',
  ceph: 'apt-get install ceph-common',
  lvs: 'apt-get install lvm2',
  lvcreate: 'apt-get install lvm2',
  cryptsetup: 'apt-get install cryptsetup-bin',
  dmsetup: 'apt-get install dmsetup',
  ploop: 'apt-get install ploop',
};

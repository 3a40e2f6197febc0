/** Runs the built command as a user does. */
import { execFile } from 'node:child_process';

export interface CommandResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export function platter(
  instancesPath: string,
  args: readonly string[],
  input?: string,
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(
      'node',
      ['dist/cli/main.js', '--instances-path', instancesPath, ...args],
      { encoding: 'utf8' },
      (error, stdout, stderr) => {
        const status = error === null ? 0 : Number(error.code);
        resolve({ status, stdout, stderr });
      },
    );
    child.stdin?.end(input ?? '');
  });
}

/** The error object that a command printed with `--json`. */
export function errorOf({ stderr }: CommandResult): {
  code: string;
  message: string;
  hint?: string;
} {
  const line = stderr.trim().split('\n').at(-1) ?? '';
  return (JSON.parse(line) as { error: { code: string; message: string } }).error;
}

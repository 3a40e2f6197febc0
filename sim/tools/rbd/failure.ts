/** How rbd 16.2 ends when something goes wrong: its exit status is the errno. Recorded throughout fixtures/rbd-16.2. */
import type { ToolResult } from '../program.ts';

const errnos: Readonly<Record<string, readonly [number, string]>> = {
  EPERM: [1, 'Operation not permitted'],
  ENOENT: [2, 'No such file or directory'],
  EIO: [5, 'Input/output error'],
  EACCES: [13, 'Permission denied'],
  EBUSY: [16, 'Device or resource busy'],
  EEXIST: [17, 'File exists'],
  EXDEV: [18, 'Invalid cross-device link'],
  EINVAL: [22, 'Invalid argument'],
  EMFILE: [24, 'Too many open files'],
  ENOTTY: [25, 'Inappropriate ioctl for device'],
  ENOSPC: [28, 'No space left on device'],
  EROFS: [30, 'Read-only file system'],
  ENOTEMPTY: [39, 'Directory not empty'],
  ESHUTDOWN: [108, 'Cannot send after transport endpoint shutdown'],
  ETIMEDOUT: [110, 'Connection timed out'],
  ESTALE: [116, 'Stale file handle'],
  EDQUOT: [122, 'Disk quota exceeded'],
};

function errnoOf(code: string): readonly [number, string] {
  return errnos[code] ?? [5, 'Input/output error'];
}

/** `(2) No such file or directory` */
export function errnoWords(code: string): string {
  const [number, text] = errnoOf(code);
  return `(${number}) ${text}`;
}

/** Ends the command from wherever it is. */
export class RbdFailure extends Error {
  readonly result: ToolResult;

  constructor(exitCode: number, stderr: string) {
    super(stderr);
    this.result = { exitCode, stdout: '', stderr: stderr === '' ? '' : `${stderr}\n` };
  }
}

/** `rbd: create error: (17) File exists`, and before it what librbd logs of it. */
export function failed(code: string, what: string, ...log: readonly string[]): RbdFailure {
  const [number] = errnoOf(code);
  const lines = [...log.map(logged), `rbd: ${what}: ${errnoWords(code)}`];
  return new RbdFailure(number, lines.join('\n'));
}

/** A complaint of rbd itself, without the words of an errno. */
export function refused(code: string, ...lines: readonly string[]): RbdFailure {
  return new RbdFailure(errnoOf(code)[0], lines.join('\n'));
}

/** A line of librbd's log; when it was written and by which thread says nothing here. */
export function logged(text: string, level = -1): string {
  return `2026-01-01T00:00:00.000+0000 7f0000000000 ${String(level).padStart(2)} ${text}\n`;
}

/** Code of a failed call, or undefined for what is no failure of a call. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof RbdFailure) return undefined;
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Turns the failure of a call into an end of the command, and passes on what is one already. */
export function rethrow(error: unknown, what: string, ...log: readonly string[]): never {
  const code = codeOf(error);
  throw code === undefined ? error : failed(code, what, ...log);
}

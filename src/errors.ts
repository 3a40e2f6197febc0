/**
 * The one error that platter reports, and the only place where the host's errno values become its codes.
 */

export const errorCodes = [
  'INVALID_ARGUMENT',
  'CONFIG_INVALID',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'IN_USE',
  'LOCKED',
  'NOT_SUPPORTED',
  'SIZE_TOO_SMALL',
  'CANNOT_SHRINK',
  'NO_SPACE',
  'PERMISSION_DENIED',
  'UNSAFE_IMAGE',
  'FORMAT_MISMATCH',
  'CHECKSUM_MISMATCH',
  'TEMPLATE_CHANGED',
  'TOOL_MISSING',
  'TOOL_FAILED',
  'TIMED_OUT',
  'CANCELED',
  'CORRUPT',
  'UNREACHABLE',
  'OUTCOME_UNKNOWN',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export type ErrorDetails = Record<string, unknown>;

const brand = Symbol.for('platter.error');

/**
 * Every failure that an operator or an embedding program can meet.
 *
 * `message` says what failed and why and is safe to show to anyone; `details` holds what was undone, what remains,
 * and the private part (paths, argv, standard error of a tool); `hint` is what to do next.
 */
export class PlatterError extends Error {
  override readonly name = 'PlatterError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;
  readonly hint?: string;

  constructor(
    code: ErrorCode,
    message: string,
    options: { details?: ErrorDetails; hint?: string | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
    if (options.hint !== undefined) this.hint = options.hint;
    Object.defineProperty(this, brand, { value: true });
  }

  /** Whether `value` is a PlatterError, also one of another copy of the package. */
  static is(value: unknown): value is PlatterError {
    return typeof value === 'object' && value !== null && brand in value;
  }

  /** The same error with more details; those it already has are kept. */
  with(details: ErrorDetails): PlatterError {
    const merged = new PlatterError(this.code, this.message, {
      details: { ...details, ...this.details },
      hint: this.hint,
      cause: this.cause,
    });
    if (this.stack !== undefined) merged.stack = this.stack;
    return merged;
  }
}

/** Thrown where the code of platter itself is wrong. Never caught, save by the command, which exits with 70. */
export class BugError extends Error {
  override readonly name = 'BugError';
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new BugError(message);
}

/** An error of the host (a failed system call), as ports reject with it. */
export interface HostError extends Error {
  readonly code: string;
  readonly path?: string;
}

/** Whether `error` is the failure of a system call with one of `codes` (any code when none is named). */
export function isHostError(error: unknown, ...codes: string[]): error is HostError {
  if (!(error instanceof Error) || PlatterError.is(error)) return false;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && (codes.length === 0 || codes.includes(code));
}

const codeOfErrno: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'NOT_FOUND',
  EEXIST: 'ALREADY_EXISTS',
  ENOTEMPTY: 'ALREADY_EXISTS',
  EACCES: 'PERMISSION_DENIED',
  EPERM: 'PERMISSION_DENIED',
  EROFS: 'PERMISSION_DENIED',
  ENOSPC: 'NO_SPACE',
  EDQUOT: 'NO_SPACE',
  EFBIG: 'NO_SPACE',
  EBUSY: 'IN_USE',
  ETXTBSY: 'IN_USE',
  EISDIR: 'INVALID_ARGUMENT',
  ENOTDIR: 'INVALID_ARGUMENT',
  ENAMETOOLONG: 'INVALID_ARGUMENT',
  EINVAL: 'INVALID_ARGUMENT',
  ELOOP: 'UNSAFE_IMAGE',
  ENOTSUP: 'NOT_SUPPORTED',
  EOPNOTSUPP: 'NOT_SUPPORTED',
  EXDEV: 'NOT_SUPPORTED',
  ETIMEDOUT: 'TIMED_OUT',
  ESTALE: 'UNREACHABLE',
  ECONNREFUSED: 'UNREACHABLE',
  ECONNRESET: 'UNREACHABLE',
  EHOSTUNREACH: 'UNREACHABLE',
  ENETUNREACH: 'UNREACHABLE',
  ENOTFOUND: 'UNREACHABLE',
  EAI_AGAIN: 'UNREACHABLE',
};

const reasonOfErrno: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EEXIST: 'it already exists',
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'the filesystem is read-only',
  ENOSPC: 'no space left on the filesystem',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'larger than the filesystem allows',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is not a directory',
  ELOOP: 'it is a symbolic link',
  EIO: 'input/output error',
};

/** Where the code says too little. */
const hintOfErrno: Readonly<Record<string, string>> = {
  EFBIG: 'ask for less, make it qcow2, or use a filesystem with larger files, such as XFS',
};

const hintOfCode: Partial<Record<ErrorCode, string>> = {
  NO_SPACE:
    'free some space (platter template prune --dry-run lists unused templates) and try again',
  PERMISSION_DENIED: 'run as a user who may write there, or name another --instances-path',
};

/**
 * Any thrown value as a PlatterError: a PlatterError as it is, a failed system call by its errno, a bug unchanged.
 * `action` completes "cannot …".
 */
export function toPlatterError(error: unknown, action: string): Error {
  if (PlatterError.is(error) || error instanceof BugError) return error;
  if (!isHostError(error)) {
    return error instanceof Error ? error : new BugError(`cannot ${action}: ${String(error)}`);
  }
  const code = codeOfErrno[error.code] ?? 'TOOL_FAILED';
  const reason = reasonOfErrno[error.code] ?? error.code;
  return new PlatterError(code, `cannot ${action}: ${reason}`, {
    details: { errno: error.code, ...(error.path === undefined ? {} : { path: error.path }) },
    hint: hintOfErrno[error.code] ?? hintOfCode[code],
    cause: error,
  });
}

/** What went wrong, without the name of the class of the error. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What an aborted signal stands for, whatever its owner gave as the reason: CANCELED unless it says more. */
export function canceled(reason: unknown): PlatterError {
  return PlatterError.is(reason)
    ? reason
    : new PlatterError('CANCELED', 'the operation was canceled', { cause: reason });
}

/** For a look at what has been done already: that it fails does not undo it, and says so (`details.undo`). */
export async function afterwards<Result>(look: Promise<Result>): Promise<Result> {
  try {
    return await look;
  } catch (error) {
    throw PlatterError.is(error) ? error.with({ undo: 'finished' }) : error;
  }
}

/** Does something for a caller, who is to see failures as PlatterErrors. */
export async function reporting<Result>(
  action: string,
  act: () => Promise<Result>,
): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    throw toPlatterError(error, action);
  }
}

/** Exit statuses of the command (CONTRACT.md section 4). */
import type { ErrorCode } from '../errors.ts';

export const exitStatus = {
  done: 0,
  failed: 1,
  usage: 2,
  bug: 70,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
};

const statusOfCode: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: 2,
  CONFIG_INVALID: 2,
  NOT_FOUND: 3,
  ALREADY_EXISTS: 4,
  IN_USE: 4,
  CANNOT_SHRINK: 4,
  SIZE_TOO_SMALL: 4,
  NOT_SUPPORTED: 5,
  UNSAFE_IMAGE: 6,
  FORMAT_MISMATCH: 6,
  CHECKSUM_MISMATCH: 6,
  TEMPLATE_CHANGED: 6,
  LOCKED: 75,
  TIMED_OUT: 75,
  UNREACHABLE: 75,
  NO_SPACE: 1,
  PERMISSION_DENIED: 1,
  TOOL_MISSING: 1,
  TOOL_FAILED: 1,
  CANCELED: 1,
  CORRUPT: 1,
  OUTCOME_UNKNOWN: 1,
};

export function exitStatusOf(code: ErrorCode): number {
  return statusOfCode[code];
}

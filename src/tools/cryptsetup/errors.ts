/** What the exit statuses of cryptsetup 2.6 mean. Pure. */
import type { ErrorCode } from '../../errors.ts';
import type { RunResult } from '../../ports/executor.ts';

export function classifyCryptsetupFailure({ exitCode, stderr }: RunResult): ErrorCode {
  if (/already exists/.test(stderr)) return 'ALREADY_EXISTS';
  if (exitCode === 5 || /in use|busy/.test(stderr)) return 'IN_USE';
  if (/does not exist or access denied|is not active/.test(stderr)) return 'NOT_FOUND';
  if (/reload ioctl .* failed|Usage:|Nothing to read|requested amount/.test(stderr)) {
    return 'INVALID_ARGUMENT';
  }
  return 'TOOL_FAILED';
}

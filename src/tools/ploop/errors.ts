/** What a failure of ploop 1.15 means. Pure. Messages decide: its exit statuses are those of whatever call failed inside. */
import type { ErrorCode } from '../../errors.ts';
import type { RunResult } from '../../ports/executor.ts';

const meanings: readonly (readonly [RegExp, ErrorCode])[] = [
  [/No space left on device|Disk quota exceeded|File too large/, 'NO_SPACE'],
  // A full filesystem is met while an image is lengthened, and told as this.
  [/Error in PWRITE .*Input\/output error/, 'NO_SPACE'],
  [/Read-only file system|Permission denied|Operation not permitted/, 'PERMISSION_DENIED'],
  [/is less than the old size/, 'CANNOT_SHRINK'],
  [/\/proc\/vz|kernel module/, 'NOT_SUPPORTED'],
  [/in use|is locked|Resource temporarily unavailable|is mounted/, 'IN_USE'],
  [/already exist/, 'ALREADY_EXISTS'],
  [/Can't find snapshot|No such file or directory/, 'NOT_FOUND'],
  [/Can't parse|Validation of .* failed|Wrong signature|Unknown ploop image/, 'CORRUPT'],
];

/** Without the module it says so on standard error at every command, also at those that succeed. */
const notice = /^Error in ploop_is_large_disk_supported .*\n?/gm;

export function classifyPloopFailure({ stdout, stderr }: RunResult): ErrorCode {
  const text = `${stderr.replace(notice, '')}\n${stdout}`;
  return meanings.find(([pattern]) => pattern.test(text))?.[1] ?? 'TOOL_FAILED';
}

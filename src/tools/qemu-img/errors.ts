/** What a failure of qemu-img 7.2 means: it exits with 1 whatever happened, so its messages decide. Pure. */
import type { ErrorCode, PlatterError } from '../../errors.ts';
import type { RunResult } from '../../ports/executor.ts';

const meanings: readonly (readonly [RegExp, ErrorCode])[] = [
  [/Failed to (?:get|lock) .*lock|Is another process using the image/i, 'IN_USE'],
  // More than the tables of the format, or a file of this filesystem, can tell of.
  [/image size is too large for file format|grow the L1 table: File too large/, 'INVALID_ARGUMENT'],
  [/No space left on device|Disk quota exceeded|File too large/, 'NO_SPACE'],
  [/Read-only file system|Permission denied|Operation not permitted/, 'PERMISSION_DENIED'],
  [/shrink/i, 'CANNOT_SHRINK'],
  [/Image is not in \S+ format|not in qcow2 format/, 'FORMAT_MISMATCH'],
  [/No such file or directory|[Ss]napshot .*not found|Can't find snapshot/, 'NOT_FOUND'],
  // "Failed to flush the refcount block cache: Input/output error" is the disk's fault, not the image's.
  [
    /Image is corrupt|corruption|refcount (?!block cache).*(?:error|invalid)|marked corrupt/i,
    'CORRUPT',
  ],
  [/Cannot allocate memory/, 'TOOL_FAILED'],
];

/** Failures that say nothing of the image: the host had trouble, or the file has gone. */
const troubleOfHost =
  /Input\/output error|Too many open files|Stale file handle|Resource temporarily/;

/** Whether a failure to read an image is the image's own: it is not what its header says. */
export function isFaultOfImage({ code, details }: PlatterError): boolean {
  if (code === 'FORMAT_MISMATCH' || code === 'CORRUPT') return true;
  if (code !== 'TOOL_FAILED' || typeof details['exitCode'] !== 'number') return false;
  return !troubleOfHost.test(String(details['stderr']));
}

/** Whether a check could not even begin to repair: what says which clusters are in use is not there (7.2). */
export function isBeyondRepair({ code, details }: PlatterError): boolean {
  if (code === 'CORRUPT') return true;
  const text = String(details['stderr']);
  return code === 'TOOL_FAILED' && /need to rebuild refcount|is outside image/.test(text);
}

const notice = /^qemu-img: warning: .*$/gm;

export function classifyQemuImgFailure(result: RunResult): ErrorCode {
  const text = `${result.stderr.replace(notice, '')}\n${result.stdout}`;
  return meanings.find(([pattern]) => pattern.test(text))?.[1] ?? 'TOOL_FAILED';
}

/**
 * Whether qemu-img did what it was told. Exit status 0 is not enough: what fails while the target is closed is printed
 * and leaves the status as it is, and then the target may read as zeros (recorded of 7.2 in flush-error.json).
 */
export function hasQemuImgSucceeded({ exitCode, stderr }: RunResult): boolean {
  return exitCode === 0 && !/^qemu-img: (?!warning:)/m.test(stderr);
}

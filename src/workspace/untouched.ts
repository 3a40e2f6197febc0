/** Whether a file is still the one that it was when it was looked at, and nobody has written to it since. */
import type { FileStat } from '../ports/filesystem.ts';

export function isUntouched(before: FileStat, now: FileStat): boolean {
  return (
    before.device === now.device &&
    before.inode === now.inode &&
    before.sizeBytes === now.sizeBytes &&
    before.modifiedMs === now.modifiedMs
  );
}

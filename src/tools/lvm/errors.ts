/** What a failure of LVM 2.03 means: exit status 5 stands for nearly everything, so its messages decide. Pure. */
import type { ErrorCode } from '../../errors.ts';
import type { RunResult } from '../../ports/executor.ts';

const meanings: readonly (readonly [RegExp, ErrorCode])[] = [
  [/already exists in/i, 'ALREADY_EXISTS'],
  [
    /insufficient free space|reached threshold|Insufficient suitable|out of data space/i,
    'NO_SPACE',
  ],
  [/ in use\.|is used by another device|Device or resource busy/, 'IN_USE'],
  [
    /Volume group "[^"]*" not found|Failed to find logical volume|[Nn]ot found in volume group/i,
    'NOT_FOUND',
  ],
  // A script that is gone: its workspace was taken over.
  [/No such command/, 'NOT_FOUND'],
  [/not larger than existing size|matches existing size/, 'CANNOT_SHRINK'],
  [/are reserved|is invalid|too long|is not supported|Names? .*invalid/i, 'INVALID_ARGUMENT'],
  [/flock failed/, 'LOCKED'],
  [
    /Permission denied|Operation not permitted|needs? to be run as root|write-protected/i,
    'PERMISSION_DENIED',
  ],
  [
    /partial LV|PVs are missing|missing physical volume|Checksum error|needs_check|Manual intervention/i,
    'CORRUPT',
  ],
];

/** Said at status 0 as well, also of what the command is not about. */
const notice = /^ *(?:WARNING: |File descriptor |\/run\/lvm\/lvmpolld).*$/gm;

export function classifyLvmFailure({ stderr }: RunResult): ErrorCode {
  const text = stderr.replace(notice, '');
  return meanings.find(([pattern]) => pattern.test(text))?.[1] ?? 'TOOL_FAILED';
}

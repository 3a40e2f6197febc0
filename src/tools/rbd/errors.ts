/**
 * What a failure of rbd 16.2 means. Its exit status is the errno, but 2 stands for an absent image, an absent pool, a
 * keyring that is not there and monitors that nobody knows: the messages decide, the likeliest to mislead first. Pure.
 */
import type { ErrorCode } from '../../errors.ts';
import type { RunResult } from '../../ports/executor.ts';

const meanings: readonly (readonly [RegExp, ErrorCode])[] = [
  [
    /unable to open config file|conf_read_file|cannot identify monitors|unable to get monitor info/,
    'CONFIG_INVALID',
  ],
  [
    /unable to find a keyring|no keyring found|handle_auth_bad_method|Permission denied|RADOS permission denied/,
    'PERMISSION_DENIED',
  ],
  [/couldn't connect to the cluster|Connection timed out|^timed out/m, 'UNREACHABLE'],
  // Before "no such file", which follows where a full cluster has no place for the entry in the trash.
  [/No space left on device|Disk quota exceeded/, 'NO_SPACE'],
  [/Operation not permitted/, 'PERMISSION_DENIED'],
  [/not allowed|only allowed with the --allow-shrink/, 'CANNOT_SHRINK'],
  [/image size not compatible|the argument for option '--size' is invalid/, 'INVALID_ARGUMENT'],
  [
    // 30 is another client's exclusive lock; 116 comes when somebody else removes the image at the same time.
    /has watchers|Device or resource busy|\(30\) Read-only file system|\(116\) Stale|lock is already held|is protected from removal|has snapshots|linked clones/,
    'IN_USE',
  ],
  [/File exists|RenameRequest: image already exists/, 'ALREADY_EXISTS'],
  [/No such file or directory|does not exist|is not found/, 'NOT_FOUND'],
];

/**
 * Of no matter to the command, whatever its reason is: the socket by which a client can be watched cannot be made
 * (fixtures/rbd-16.2/warnings.json).
 */
const notice = /^\S+ [0-9a-f]+ +-1 asok\(0x[0-9a-f]+\) .*$/gm;

export function classifyRbdFailure({ stderr }: RunResult): ErrorCode {
  const text = stderr.replace(notice, '');
  return meanings.find(([pattern]) => pattern.test(text))?.[1] ?? 'TOOL_FAILED';
}

/**
 * Whether a rename has come about, and whole. With status 0 it may have found the name taken a moment after it was free,
 * and done nothing; or have left the image its old name as well (fixtures/rbd-16.2/rename-race.json).
 */
export function hasRenamed({ exitCode, stderr }: RunResult): boolean {
  return exitCode === 0 && !/RenameRequest: (?:image already exists|warning: )/.test(stderr);
}

/** The pool, or `pool/namespace`, that is not there; undefined when something else failed. */
export function missingPool(stderr: string): string | undefined {
  const pool = /error opening pool '([^']*)': \(2\)/.exec(stderr)?.[1];
  return pool ?? /namespace '([^']*)' does not exist/.exec(stderr)?.[1];
}

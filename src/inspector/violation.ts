/** What can be wrong with an untrusted image. */

const violationCodes = [
  /** More than one format recognises the file, so that two programs may read it differently. */
  'AMBIGUOUS',
  'BACKING_FILE',
  'CLUSTER_SIZE',
  /** The structure contradicts itself or the format's definition. */
  'CORRUPT',
  'DATA_FILE',
  'DESCRIPTOR',
  /** A log that would be replayed on opening. */
  'DIRTY_LOG',
  'EMPTY',
  'ENCRYPTED',
  /** Virtual size out of proportion to the file. */
  'EXPANSION',
  /** Data in another file. */
  'EXTERNAL_EXTENT',
  'FORMAT_MISMATCH',
  'HEADER_LENGTH',
  /** A format that platter knows and does not accept. */
  'NOT_ACCEPTED',
  /** Not a regular file with one name. */
  'NOT_A_FILE',
  'OUTSIDE_FILE',
  'PARENT',
  'SNAPSHOTS',
  'TABLE_SIZE',
  'TOO_LARGE',
  'TOO_MUCH_TO_READ',
  /** qemu-img reads the file differently. */
  'TOOL_DISAGREES',
  'TRUNCATED',
  'UNKNOWN_FEATURE',
  'VERSION',
] as const;

export type ViolationCode = (typeof violationCodes)[number];

export interface Violation {
  readonly code: ViolationCode;
  /** For people; names no path of the host. */
  readonly message: string;
}

export function violation(code: ViolationCode, message: string): Violation {
  return { code, message };
}

/** One rule of a format: whether it is broken, and what that is called. */
export type Rule = readonly [isBroken: boolean, code: ViolationCode, message: string];

/** The violations of the rules that are broken. */
export function judge(rules: readonly Rule[]): Violation[] {
  return rules.flatMap(([isBroken, code, message]) => (isBroken ? [violation(code, message)] : []));
}

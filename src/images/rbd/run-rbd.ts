/** Runs rbd and ceph: failures classified, and told in the words of the configuration. */
import { PlatterError, type ErrorCode } from '../../errors.ts';
import type { Command, Executor, RunResult } from '../../ports/executor.ts';
import { classifyRbdFailure, missingPool } from '../../tools/rbd/errors.ts';
import { runTool, type ToolRun } from '../../tools/run.ts';

export type RbdRun = Omit<ToolRun, 'classify'>;

export async function runRbd(
  executor: Executor,
  command: Command,
  run: RbdRun,
): Promise<RunResult> {
  try {
    return await runTool(executor, command, { ...run, classify: classifyRbdFailure });
  } catch (error) {
    throw PlatterError.is(error) ? explain(error, run.action) : error;
  }
}

const hints: Partial<Record<ErrorCode, string>> = {
  UNREACHABLE: 'ceph status tells whether the cluster is up; [rbd] ceph_conf names its monitors',
  PERMISSION_DENIED: 'check [rbd] user, its keyring, and what the cluster allows it',
  CONFIG_INVALID: '[rbd] ceph_conf has to name a file with the monitors of the cluster',
  NO_SPACE: 'add storage, raise the quota of the pool, or delete images that nobody needs',
  IN_USE: 'stop the virtual machine (or whatever has the image open) and try again',
};

function explain(error: PlatterError, action: string): PlatterError {
  const { code, message, details } = error;
  const pool = code === 'NOT_FOUND' ? missingPool(String(details['stderr'])) : undefined;
  if (pool !== undefined) return noSuchPool(pool, `cannot ${action}: `, error);
  const hint = hints[code];
  if (hint === undefined) return error;
  return new PlatterError(code, message, { details, hint, cause: error });
}

/** NOT_FOUND, told apart from the absence of an image by `details.missing`. */
export function noSuchPool(pool: string, before = '', cause?: PlatterError): PlatterError {
  return new PlatterError('NOT_FOUND', `${before}the cluster has no pool "${pool}"`, {
    details: { ...cause?.details, missing: 'pool', pool },
    hint: `ceph osd pool create ${pool}, or name another one in the section [rbd]`,
    cause,
  });
}

/** Whether the image or snapshot that a command was about is not there; a missing pool is another matter. */
export function isAbsent(error: unknown): boolean {
  if (!PlatterError.is(error) || error.code !== 'NOT_FOUND') return false;
  return error.details['missing'] === undefined;
}

const beforeAnything: ReadonlySet<ErrorCode> = new Set([
  'IN_USE',
  'NOT_FOUND',
  'PERMISSION_DENIED',
  'CONFIG_INVALID',
  'TOOL_MISSING',
  'ALREADY_EXISTS',
  'INVALID_ARGUMENT',
]);

/** Whether rbd failed before it could change anything: it could not open the image, or not lock it. */
export function hasNotBegun(error: unknown): boolean {
  if (!PlatterError.is(error)) return false;
  if (beforeAnything.has(error.code)) return true;
  return /couldn't connect to the cluster/.test(String(error.details['stderr']));
}

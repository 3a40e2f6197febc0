/** What dmsetup 1.02 prints (cryptsetup-2.6/killed.json). Pure. */
import type { ErrorCode } from '../../errors.ts';
import type { RunResult } from '../../ports/executor.ts';
import { unreadable } from '../json-output.ts';
import { parseLine } from '../line-output.ts';

/** Names of the devices that it leans on; none where it has no table. */
export function parseDeps(stdout: string): readonly string[] {
  const [, count, names = ''] = /^(\d+) dependencies\s*:(.*)$/m.exec(stdout) ?? [];
  const found = [...names.matchAll(/\(([^()]*)\)/g)].map(([, name = '']) => name);
  if (count === undefined || found.length !== Number(count)) throw unreadable('dmsetup', stdout);
  return found;
}

/** Whether it is a plain map of cryptsetup's that has got no table yet, and so shows nothing. */
export function isUnfinishedCrypt(name: string, stdout: string): boolean {
  const [uuid, tables] = parseLine('dmsetup', stdout).split(':');
  return uuid === `CRYPT-PLAIN-${name}` && (tables === 'None' || tables === 'Inactive');
}

const absence = /No such device or address|Device does not exist/;

/** Whether there is no such device. */
export function isDeviceAbsent({ exitCode, stderr }: RunResult): boolean {
  return exitCode === 1 && absence.test(stderr);
}

export function classifyDmsetupFailure({ stderr }: RunResult): ErrorCode {
  if (/Device or resource busy/.test(stderr)) return 'IN_USE';
  if (absence.test(stderr)) return 'NOT_FOUND';
  return 'TOOL_FAILED';
}

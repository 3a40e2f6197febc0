/** What dmsetup 1.02 prints (cryptsetup-2.6/killed.json). Pure. */
import type { ErrorCode } from '../../errors.ts';
import type { RunResult } from '../../ports/executor.ts';

/** Names of the devices that it leans on; none where it has no table. Undefined where that cannot be read. */
export function parseDeps(stdout: string): readonly string[] | undefined {
  const [, count, names = ''] = /^(\d+) dependencies\s*:(.*)$/m.exec(stdout) ?? [];
  if (count === undefined) return undefined;
  const found = [...names.matchAll(/\(([^()]*)\)/g)].map(([, name = '']) => name);
  return found.length === Number(count) ? found : undefined;
}

/** Whether it is a plain map of cryptsetup's that has got no table yet, and so shows nothing. */
export function isUnfinishedCrypt(name: string, stdout: string): boolean {
  const [uuid, tables] = stdout.trimEnd().split(':');
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

/** Names of volumes that LVM 2.03 refuses. Recorded in fixtures/lvm-2.03/names.json. */
import { LvmFailure } from './failure.ts';

const reservedParts = [
  '_cdata',
  '_cmeta',
  '_corig',
  '_cvol',
  '_wcorig',
  '_iorig',
  '_imeta',
  '_mimage',
  '_mlog',
  '_rimage',
  '_rmeta',
  '_tdata',
  '_tmeta',
  '_vdata',
  '_vorigin',
  '_pmspare',
];

const choose = 'Please choose a different LV name.';

export function usage(command: string, line: string): LvmFailure {
  return new LvmFailure([line, `Run \`${command} --help' for more information.`], 3);
}

export function checkName(command: string, group: string, name: string): void {
  const part = reservedParts.find((reserved) => name.includes(reserved));
  if (part !== undefined) throw usage(command, `Names including "${part}" are reserved. ${choose}`);
  const start = ['snapshot', 'pvmove'].find((reserved) => name.startsWith(reserved));
  if (start !== undefined)
    throw usage(command, `Names starting "${start}" are reserved. ${choose}`);
  if (!/^[A-Za-z0-9_+.][A-Za-z0-9_+.-]*$/.test(name) || /^\.\.?$/.test(name) || name.length > 127) {
    throw usage(command, `Logical volume name "${name}" is invalid.`);
  }
  const length = group.length + name.length + 3;
  if (length > 127) {
    throw new LvmFailure([
      `Internal error: LV name "${group}/${name}" length ${length} is not supported.`,
    ]);
  }
}

/**
 * The simulated dmsetup 1.02: `remove`, `deps -o devname`, `info -c --noheadings -o uuid,tables_loaded`, `mknodes`, of maps that
 * cryptsetup makes. As recorded in fixtures/cryptsetup-2.6/killed.json.
 */
import type { VolumeGroup } from '../../volume-group/volume-group.ts';
import { CryptDevice } from '../cryptsetup/crypt-device.ts';
import { failure, success, type ToolProgram, type ToolResult, type ToolStep } from '../program.ts';
import { busyText, isMapOpen, removeMap } from './maps.ts';

type Steps = Generator<ToolStep, ToolResult, void>;

export const dmsetup: ToolProgram = function* dmsetup(
  { stores: { group } },
  [action = '', ...args],
) {
  if (group === undefined)
    return failure('Failure to communicate with kernel device-mapper driver.');
  const name = args.findLast((arg) => !arg.startsWith('-')) ?? '';
  switch (action) {
    case 'remove':
      return yield* remove(group, name);
    case 'deps':
      return yield* deps(group, name);
    case 'info':
      yield { name: 'look', subject: name };
      if (!group.maps.has(name)) return failure('Device does not exist.\nCommand failed.');
      return success(
        `CRYPT-PLAIN-${name}:${group.maps.get(name) === undefined ? 'None' : 'Live'}\n`,
      );
    case 'mknodes':
      yield { name: 'make node', subject: name };
      if (group.maps.has(name)) group.addMapNode(name);
      else group.removeMapNode(name);
      return success();
    default:
      return failure('Usage:');
  }
};

function* remove(group: VolumeGroup, name: string): Steps {
  yield { name: 'remove map', subject: name };
  if (!group.maps.has(name)) {
    return failure(absentText('remove', name));
  }
  if (isMapOpen(group, name)) return failure(`${busyText(name)}\nCommand failed.`);
  yield* removeMap(group, name);
  return success();
}

function* deps(group: VolumeGroup, name: string): Steps {
  yield { name: 'look', subject: name };
  if (!group.maps.has(name)) return failure(absentText('deps', name));
  const device = group.maps.get(name)?.device;
  if (!(device instanceof CryptDevice)) return success('0 dependencies\t:\n');
  const under = group.mapperPath(device.under).slice('/dev/mapper/'.length);
  return success(`1 dependencies\t: (${under})\n`);
}

function absentText(call: string, name: string): string {
  return `device-mapper: ${call} ioctl on ${name}  failed: No such device or address\nCommand failed.`;
}

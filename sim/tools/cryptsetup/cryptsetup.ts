/**
 * The simulated cryptsetup 2.6 in plain mode: `create`, `open --type plain`, `resize`, `remove`, `close`, `status`. As
 * recorded in fixtures/cryptsetup-2.6: exit status 4 is a device or a map that is not there, 5 one that is in use. A map
 * that was not finished is there for `create`, and is not for `remove` (killed.json).
 */
import { LogicalVolume } from '../../volume-group/logical-volume.ts';
import type { VolumeGroup } from '../../volume-group/volume-group.ts';
import { createDevice } from '../../volume/device.ts';
import {
  failure,
  success,
  type ToolContext,
  type ToolProgram,
  type ToolResult,
  type ToolStep,
} from '../program.ts';
import { busyText, isMapOpen, removeMap } from '../device-mapper/maps.ts';
import { CryptDevice } from './crypt-device.ts';
import { cryptKey, cryptTableOf } from './crypt-table.ts';

type Steps = Generator<ToolStep, ToolResult, void>;

export const cryptsetup: ToolProgram = function* cryptsetup(context, [action = '', ...args]) {
  const { group } = context.stores;
  if (group === undefined)
    return failure('Cannot initialize device-mapper. Is dm_mod kernel module loaded?');
  const words = args.filter((arg) => !arg.startsWith('-') && arg !== 'plain');
  const [first = '', second = ''] = words;
  switch (action) {
    case 'create':
      return yield* create(context, group, { name: first, path: second, args });
    case 'open':
      return yield* create(context, group, { name: second, path: first, args });
    case 'remove':
    case 'close':
      return yield* remove(group, first);
    case 'resize':
      return yield* resize(group, first);
    case 'status':
      yield { name: 'look', subject: first };
      return group.maps.get(first) !== undefined
        ? success(`/dev/mapper/${first} is active.\n`)
        : { exitCode: 4, stdout: `/dev/mapper/${first} is inactive.\n`, stderr: '' };
    default:
      return failure('Usage: cryptsetup [-?VqrvyN] <action> <action-specific>');
  }
};

function* create(
  context: ToolContext,
  group: VolumeGroup,
  { name, path, args }: { name: string; path: string; args: readonly string[] },
): Steps {
  const { volume, input } = context;
  yield { name: 'open device', subject: path };
  if (group.maps.has(name)) return failure(`Device ${name} already exists.`, 5);
  if (name.includes('/')) return failure(`Name "${name}" invalid. It contains "/".`);
  if (input === '') return failure('Nothing to read on input.');
  const device = volume.peek(path)?.device;
  if (!(device instanceof LogicalVolume)) {
    return failure(`Device ${path} does not exist or access denied.`, 4);
  }
  const isMapped = [...group.maps.values()].some(
    (other) => other?.device instanceof CryptDevice && other.device.under === device,
  );
  if (isMapped) {
    return failure(`Cannot use device ${path} which is in use (already mapped or mounted).`, 5);
  }
  yield { name: 'create map', subject: name };
  group.maps.set(name, undefined);
  const valueOf = (option: string) =>
    args.find((arg) => arg.startsWith(`${option}=`))?.slice(option.length + 1) ?? '';
  const cipher = { cipher: valueOf('--cipher'), keySize: Number(valueOf('--key-size')) };
  const map = new CryptDevice(device, cryptKey(cipher, input), cryptTableOf(group));
  yield { name: 'load table', subject: name };
  yield { name: 'resume', subject: name };
  // Somebody has removed it meanwhile.
  if (!group.maps.has(name)) return failure(`device-mapper: resume ioctl on ${name}  failed`, 1);
  map.attach();
  group.maps.set(name, createDevice(volume, map));
  yield { name: 'make node', subject: name };
  group.addMapNode(name);
  return success();
}

function* remove(group: VolumeGroup, name: string): Steps {
  yield { name: 'remove map', subject: name };
  if (group.maps.get(name) === undefined) return failure(`Device ${name} is not active.`, 4);
  if (isMapOpen(group, name)) return failure(busyText(name), 5);
  yield* removeMap(group, name);
  return success();
}

function* resize(group: VolumeGroup, name: string): Steps {
  yield { name: 'resize map', subject: name };
  const device = group.maps.get(name)?.device;
  if (!(device instanceof CryptDevice)) return failure(`Device ${name} is not active.`, 4);
  device.grow();
  return success();
}

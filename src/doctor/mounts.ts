/** Mounts, as /proc/self/mountinfo has them (proc(5)). Pure. */
import { deviceNumber } from '../device-number.ts';

export interface Mount {
  readonly device: number;
  readonly mountPoint: string;
  readonly type: string;
  /** Of the mount and of its filesystem. */
  readonly options: readonly string[];
}

/** The mount that shows files of this device (`FileStat.device`): the last one counts, as for who looks. */
export function mountOf(mountinfo: string, device: number): Mount | undefined {
  return mountinfo
    .split('\n')
    .map(parseMount)
    .findLast((mount) => mount?.device === device);
}

function parseMount(line: string): Mount | undefined {
  const [own = '', filesystem = ''] = line.split(' - ');
  const [, , numbers = '', , mountPoint, mountOptions] = own.split(' ');
  const [type, , filesystemOptions] = filesystem.split(' ');
  const [major, minor] = numbers.split(':').map(Number);
  if (major === undefined || minor === undefined) return undefined;
  if (mountPoint === undefined || mountOptions === undefined) return undefined;
  if (type === undefined || filesystemOptions === undefined) return undefined;
  return {
    device: deviceNumber(major, minor),
    mountPoint: mountPoint.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    ),
    type,
    options: [...mountOptions.split(','), ...filesystemOptions.split(',')],
  };
}

/**
 * Whether a client asks the server about each name before it goes by it. One that trusts its cache goes on in a directory
 * that another client has renamed (fixtures/nfs-6.1).
 */
export function asksForNames({ options }: Mount): boolean {
  const isUncached = options.includes('acdirmin=0') && options.includes('acdirmax=0');
  return isUncached || options.includes('lookupcache=none');
}

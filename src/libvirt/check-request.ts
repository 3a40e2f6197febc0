/** Refuses what libvirt would refuse, before a guest fails to start with it. */
import { nearest } from '../config/nearest.ts';
import { PlatterError } from '../errors.ts';
import { cacheModes } from './cache-mode.ts';
import type { DiskRequest } from './describe.ts';

/** As Nova's blockinfo has them. */
const buses = ['virtio', 'scsi', 'sata', 'ide', 'usb', 'fdc', 'xen', 'lxc', 'uml'];
const deviceTypes = ['disk', 'cdrom', 'floppy', 'lun'];

/** INVALID_ARGUMENT names what is not known, and what was probably meant. */
export function checkDiskRequest({ diskBus, diskDev, deviceType, cacheMode }: DiskRequest): void {
  requireOneOf('disk bus', diskBus, buses);
  requireOneOf('device type', deviceType, deviceTypes);
  requireOneOf('cache mode', cacheMode, cacheModes);
  if (diskDev === undefined || /^[a-z0-9]+$/.test(diskDev)) return;
  throw new PlatterError('INVALID_ARGUMENT', `invalid disk device ${JSON.stringify(diskDev)}`, {
    hint: 'the name that the guest sees, such as vda',
  });
}

function requireOneOf(what: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return;
  const suggestion = nearest(value, known);
  throw new PlatterError('INVALID_ARGUMENT', `unknown ${what} ${JSON.stringify(value)}`, {
    hint:
      suggestion === undefined ? `known are ${known.join(', ')}` : `did you mean ${suggestion}?`,
  });
}

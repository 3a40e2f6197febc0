/** Refuses what libvirt would refuse, before a guest fails to start with it. */
import { nearest } from '../config/nearest.ts';
import { PlatterError } from '../errors.ts';
import { cacheModes } from './cache-mode.ts';
import type { DiskRequest, FilesystemRequest } from './describe.ts';

/** As Nova's blockinfo has them. */
const buses = ['virtio', 'scsi', 'sata', 'ide', 'usb', 'fdc', 'xen', 'lxc', 'uml'];
const deviceTypes = ['disk', 'cdrom', 'floppy', 'lun'];
const filesystemDrivers = ['loop', 'nbd', 'ploop'];

/** INVALID_ARGUMENT names what is not known, and what was probably meant. */
export function checkDiskRequest(request: DiskRequest): void {
  const { diskBus, diskDev, deviceType, cacheMode, bootOrder, diskUnit } = request;
  requireOneOf('disk bus', diskBus, buses);
  requireOneOf('device type', deviceType, deviceTypes);
  requireOneOf('cache mode', cacheMode, cacheModes);
  requireNumber('boot order', bootOrder, { min: 1, hint: 'write a whole number, 1 for the first' });
  requireNumber('disk unit', diskUnit, { min: 0, hint: 'write a whole number from 0 on' });
  if (diskDev === undefined || /^[a-z0-9]+$/.test(diskDev)) return;
  throw new PlatterError('INVALID_ARGUMENT', `invalid disk device ${JSON.stringify(diskDev)}`, {
    hint: 'the name that the guest sees, such as vda',
  });
}

export function checkFilesystemRequest({ target, driverType }: FilesystemRequest): void {
  requireOneOf('filesystem driver', driverType, filesystemDrivers);
  if (typeof target === 'string' && target !== '') return;
  throw new PlatterError('INVALID_ARGUMENT', 'the directory in the container is missing', {
    hint: 'give target, such as /',
  });
}

function requireNumber(
  what: string,
  value: number | undefined,
  { min, hint }: { min: number; hint: string },
): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= min)) return;
  throw new PlatterError('INVALID_ARGUMENT', `invalid ${what} ${JSON.stringify(value)}`, { hint });
}

function requireOneOf(what: string, value: string | undefined, known: readonly string[]): void {
  if (value === undefined || known.includes(value)) return;
  const suggestion = nearest(value, known);
  throw new PlatterError('INVALID_ARGUMENT', `unknown ${what} ${JSON.stringify(value)}`, {
    hint:
      suggestion === undefined ? `known are ${known.join(', ')}` : `did you mean ${suggestion}?`,
  });
}

/** Whether the backends that the configuration names answer. */
import type { Config, ImageType } from '../config/config.ts';
import { imageTypes } from '../config/config.ts';
import { isHostError, PlatterError } from '../errors.ts';
import type { Drivers } from '../images/drivers.ts';
import type { Host } from '../ports/host.ts';
import type { Check } from './check.ts';

export async function checkBackends(
  host: Host,
  config: Config,
  drivers: Drivers,
): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const type of imageTypes) {
    if (type !== config.defaultImageType && !isConfigured(config, type)) continue;
    checks.push(await checkBackend(type, drivers));
    if (type === 'ploop') checks.push(await checkPloopKernel(host));
  }
  return [...checks, ...(await checkKeys(host, config))];
}

/** flat and qcow2 need nothing but the directory and qemu-img. */
function isConfigured({ lvm, rbd }: Config, type: ImageType): boolean {
  if (type === 'lvm') return lvm.volumeGroup !== undefined;
  if (type === 'rbd') return rbd.pool !== undefined;
  return false;
}

/** Asks it for its images: it has to be there, configured, allowed and reachable for that. */
async function checkBackend(type: ImageType, drivers: Drivers): Promise<Check> {
  const id = `backend ${type}`;
  try {
    const images = await drivers.get(type).list();
    const count = images.length === 0 ? '' : ` and holds ${images.length} images`;
    return { id, status: 'ok', message: `${type} answers${count}` };
  } catch (error) {
    if (!PlatterError.is(error)) throw error;
    return {
      id,
      status: 'problem',
      message: `${type} cannot be used: ${error.message}`,
      hint: error.hint ?? `see [${type}] in the configuration`,
      details: { code: error.code },
    };
  }
}

/** Where the module of an OpenVZ kernel shows itself. */
const ploopModule = '/sys/module/ploop';

async function checkPloopKernel({ filesystem }: Host): Promise<Check> {
  const id = 'kernel ploop';
  try {
    await filesystem.stat(ploopModule);
    return { id, status: 'ok', message: 'the kernel has ploop' };
  } catch (error) {
    if (!isHostError(error)) throw error;
    return {
      id,
      status: 'warning',
      message:
        'this is no OpenVZ kernel: ploop disks can be made, grown, snapshotted and copied, but not mounted, nor made in expanded format',
      hint: 'boot an OpenVZ (Virtuozzo) kernel, or use another backend',
    };
  }
}

async function checkKeys({ filesystem }: Host, { encryption }: Config): Promise<readonly Check[]> {
  if (!encryption.enabled) return [];
  const id = 'directory keys';
  const path = encryption.keyDirectory;
  if (path === undefined) {
    return [
      {
        id,
        status: 'problem',
        message: 'disks are to be encrypted, but no directory of keys is configured',
        hint: 'set key_directory in [encryption]',
      },
    ];
  }
  try {
    await filesystem.readDirectory(path);
    const { mode } = await filesystem.stat(path);
    const isOpen = (mode & 0o077) !== 0;
    return [
      {
        id,
        status: isOpen ? 'warning' : 'ok',
        message: isOpen ? `others can reach into ${path}` : `keys are read from ${path}`,
        ...(isOpen ? { hint: `chmod 700 ${path}` } : {}),
        details: { path },
      },
    ];
  } catch (error) {
    if (!isHostError(error)) throw error;
    return [
      {
        id,
        status: 'problem',
        message: `the directory of keys cannot be read: ${error.code}`,
        hint: `make ${path}, readable for platter alone`,
        details: { path },
      },
    ];
  }
}

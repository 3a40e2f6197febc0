/** Fills libvirt's elements for an image. */
import type { Config } from '../config/config.ts';
import { isHostError, PlatterError } from '../errors.ts';
import type { Host } from '../ports/host.ts';
import { defaultCacheMode, ioFor, parseDiskCachemodes } from './cache-mode.ts';
import { writeDisk, type DiskDescription } from './disk-description.ts';
import { checkDiskRequest, checkFilesystemRequest } from './check-request.ts';
import { pickDriverName } from './driver-name.ts';
import { writeFilesystem, type FilesystemDescription } from './filesystem-description.ts';
import { ioTuneOf } from './quota.ts';
import type { LibvirtSource } from './source.ts';

export interface DiskRequest {
  /** `virtio`, `scsi`, `ide`, `sata`, `usb`, … Default is `virtio`. */
  readonly diskBus?: string | undefined;
  /** Default is `vda`. */
  readonly diskDev?: string | undefined;
  /** `disk`, `cdrom`, `floppy` or `lun`. Default is `disk`. */
  readonly deviceType?: string | undefined;
  /** Default: `none` where the host is known to do direct input and output, else `writeback`; `disk_cachemodes` goes before. */
  readonly cacheMode?: string | undefined;
  /** Extra specs of the flavor; its `quota:disk_*` become limits. */
  readonly extraSpecs?: Readonly<Record<string, string>> | undefined;
  /** As libvirt counts: major * 1000000 + minor * 1000 + release. Only Xen looks at it. */
  readonly hypervisorVersion?: number | undefined;
  readonly bootOrder?: number | undefined;
  /** Unit on the SCSI controller. Default: libvirt chooses. */
  readonly diskUnit?: number | undefined;
}

export interface FilesystemRequest {
  /** Directory in the container. */
  readonly target: string;
  /** `loop`, `nbd` or `ploop`. Default is `loop` for raw images and `nbd` for others. */
  readonly driverType?: 'loop' | 'nbd' | 'ploop' | undefined;
}

export interface LibvirtDisk extends DiskDescription {
  /** The `<disk>` element. */
  toXml(): string;
}

export type LibvirtFilesystem = FilesystemDescription & {
  /** The `<filesystem>` element. */
  toXml(): string;
};

export async function libvirtDisk(
  host: Host,
  config: Config,
  source: LibvirtSource,
  request: DiskRequest,
): Promise<LibvirtDisk> {
  checkDiskRequest(request);
  const { default: xml } = await import('xmlbuilder2');
  const cache = await cacheModeFor(host, config, source, request.cacheMode);
  const description: DiskDescription = {
    source,
    deviceType: request.deviceType ?? 'disk',
    bus: request.diskBus ?? 'virtio',
    device: request.diskDev ?? 'vda',
    driver: {
      name: await driverNameFor(host, config, source, request),
      type: source.type === 'network' ? 'raw' : source.format,
      cache,
      discard: config.libvirt.hwDiskDiscard,
      io: source.type === 'network' ? undefined : ioWithWarning(host, source.io, cache),
    },
    ioTune: ioTuneOf(request.extraSpecs ?? {}),
    bootOrder: request.bootOrder,
    unit: request.diskUnit,
  };
  return { ...description, toXml: () => writeDisk(xml.create(), description) };
}

/** Cluster images name no driver: libvirt knows only one for them (B131). */
async function driverNameFor(
  { executor }: Host,
  config: Config,
  source: LibvirtSource,
  { hypervisorVersion = 0 }: DiskRequest,
): Promise<string | undefined> {
  if (source.type === 'network') return undefined;
  const isBlockDevice = source.type === 'block';
  return pickDriverName(executor, config.libvirt.virtType, { hypervisorVersion, isBlockDevice });
}

async function cacheModeFor(
  host: Host,
  config: Config,
  source: LibvirtSource,
  asked: string | undefined,
): Promise<string> {
  const configured = parseDiskCachemodes(config.libvirt.diskCachemodes).get(source.type);
  if (configured !== undefined) return configured;
  return asked ?? defaultCacheMode(await isDirectIoKnown(host, config));
}

/** A file has to be made to find that out, and who only describes a disk need not be allowed to. */
async function isDirectIoKnown({ filesystem, events }: Host, config: Config): Promise<boolean> {
  try {
    return await filesystem.supportsDirectIo(config.instancesPath);
  } catch (error) {
    if (!isHostError(error)) throw error;
    const message = `nobody knows whether the filesystem can do direct I/O (${error.code}): it is taken for one that cannot`;
    events.emit({ type: 'warning', message });
    return false;
  }
}

function ioWithWarning({ events }: Host, io: 'native' | undefined, cache: string) {
  const chosen = ioFor(io, cache);
  if (io === 'native' && chosen !== 'native') {
    events.emit({
      type: 'warning',
      message: `native I/O needs direct I/O, not cache mode ${cache}`,
    });
  }
  return chosen;
}

export async function libvirtFilesystem(
  source: LibvirtSource,
  request: FilesystemRequest,
): Promise<LibvirtFilesystem> {
  checkFilesystemRequest(request);
  const { target, driverType } = request;
  const { default: xml } = await import('xmlbuilder2');
  const description: FilesystemDescription = {
    source: filesystemSource(source, driverType),
    target,
  };
  return { ...description, toXml: () => writeFilesystem(xml.create(), description) };
}

function filesystemSource(
  source: LibvirtSource,
  driverType: FilesystemRequest['driverType'],
): FilesystemDescription['source'] {
  switch (source.type) {
    case 'block':
      return { type: 'block', path: source.path };
    case 'file': {
      const { path, format } = source;
      return {
        type: 'file',
        path,
        format,
        driver: driverType ?? (format === 'raw' ? 'loop' : 'nbd'),
      };
    }
    case 'network':
      throw new PlatterError(
        'NOT_SUPPORTED',
        'images of a cluster are no filesystems for containers',
      );
  }
}

/** The `<disk>` element of a libvirt domain (B129-B138), filled from an image and what its user asks for. */
import type { XMLBuilder } from 'xmlbuilder2/lib/interfaces.js';
import type { LibvirtSource } from './source.ts';
import type { IoTune } from './quota.ts';

export interface DiskDescription {
  readonly source: LibvirtSource;
  /** `disk`, `cdrom`, `floppy` or `lun`. */
  readonly deviceType: string;
  readonly bus: string;
  readonly device: string;
  readonly driver: {
    readonly name: string | undefined;
    readonly type: string;
    readonly cache: string | undefined;
    readonly discard: string | undefined;
    readonly io: string | undefined;
  };
  readonly ioTune: IoTune;
  readonly bootOrder: number | undefined;
  /** Unit on the SCSI controller; 0 counts (B134). */
  readonly unit: number | undefined;
}

/** Elements in the order in which Nova writes them (B136). */
export function writeDisk(document: XMLBuilder, disk: DiskDescription): string {
  const element = document.ele('disk', { type: disk.source.type, device: disk.deviceType });
  writeDriver(element, disk);
  writeSource(element, disk.source);
  element.ele('target', { bus: disk.bus, dev: disk.device });
  const limits = Object.entries(disk.ioTune);
  if (limits.length > 0) {
    const tune = element.ele('iotune');
    for (const [name, value] of limits) tune.ele(name).txt(value);
  }
  if (disk.bootOrder !== undefined) element.ele('boot', { order: String(disk.bootOrder) });
  if (disk.bus === 'scsi' && disk.unit !== undefined) {
    element.ele('address', { type: 'drive', controller: '0', unit: String(disk.unit) });
  }
  return document.end({ headless: true, prettyPrint: true, wellFormed: true });
}

/** Left out when nothing but `io` is set (B130). */
function writeDriver(element: XMLBuilder, { driver }: DiskDescription): void {
  const { name, type, cache, discard, io } = driver;
  const attributes = { name, type, cache, discard, io };
  const set = Object.entries(attributes).filter(([, value]) => value !== undefined);
  if (set.length > 0) element.ele('driver', Object.fromEntries(set) as Record<string, string>);
}

function writeSource(element: XMLBuilder, source: LibvirtSource): void {
  if (source.type !== 'network') {
    element.ele('source', source.type === 'file' ? { file: source.path } : { dev: source.path });
    return;
  }
  const { protocol, name, hosts, auth } = source;
  const sourceElement = element.ele('source', { protocol, name });
  for (const host of hosts) sourceElement.ele('host', { name: host.name, port: host.port });
  if (auth === undefined) return;
  element
    .ele('auth', { username: auth.username })
    .ele('secret', { type: 'ceph', uuid: auth.secretUuid });
}

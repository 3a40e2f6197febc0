/**
 * A second reading of images, written apart from the parsers, and loosely as tools read: what
 * format qemu 7.2 probes, and whether anything in the file leads out of it. It knows no limits and
 * judges nothing else.
 */

/** Bytes from a position; zeros where there are none. */
export type Read = (position: number, lengthBytes: number) => Uint8Array;

const KiB = 1024;

function latin1(read: Read, position: number, lengthBytes: number): string {
  return Buffer.from(read(position, lengthBytes)).toString('latin1');
}

function view(read: Read, position: number, lengthBytes: number): DataView {
  const bytes = read(position, lengthBytes);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The format that qemu takes the file for when none is named: by its first 512 bytes alone. */
export function probe(read: Read): string {
  const start = latin1(read, 0, 512);
  const fields = view(read, 0, 512);
  if (start.startsWith('QFI\xfb')) {
    const version = fields.getUint32(4);
    if (version === 1) return 'qcow';
    if (version >= 2) return 'qcow2';
  }
  if (start.startsWith('QED\0')) return 'qed';
  if (start.startsWith('KDMV') || start.startsWith('COWD')) return 'vmdk';
  if (isDescriptor(start)) return 'vmdk';
  if (start.startsWith('conectix')) return 'vpc';
  if (start.startsWith('vhdxfile')) return 'vhdx';
  if (fields.getUint32(0x40, true) === 0xbeda107f) return 'vdi';
  if (/^(WithoutFreeSpace|WithouFreSpacExt)/.test(start) && fields.getUint32(16, true) === 2) {
    return 'parallels';
  }
  if (start.startsWith('LUKS\xba\xbe\0\x01')) return 'luks';
  if (start.startsWith('#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0 && mount')) return 'cloop';
  if (/^Bochs Virtual HD Image\0.{9}Redolog\0.{8}Growing\0/s.test(start)) return 'bochs';
  return 'raw';
}

/** Line by line: comments, then lines of spaces, then a version. */
function isDescriptor(start: string): boolean {
  let rest = start;
  for (;;) {
    if (rest.startsWith('#')) {
      const end = rest.indexOf('\n');
      if (end < 0) return false;
      rest = rest.slice(end + 1);
    } else if (rest.startsWith(' ')) {
      const blank = /^ +\r?\n/.exec(rest)?.[0];
      if (blank === undefined) return false;
      rest = rest.slice(blank.length);
    } else {
      return /^version=[123]\r?\n/.test(rest);
    }
  }
}

/** What in the file leads to another one, or undefined. */
export function pointsElsewhere(read: Read, format: string): string | undefined {
  switch (format) {
    case 'qcow2':
      return qcow2Points(read);
    case 'qed':
      return (view(read, 16, 8).getUint8(0) & 1) === 0 ? undefined : 'a backing file of QED';
    case 'vmdk':
      return vmdkPoints(read);
    case 'vpc':
      return vpcPoints(read);
    case 'vhdx':
      return vhdxPoints(read);
    case 'vdi':
      return isZero(read, 0x1a8, 32) ? undefined : 'a parent of VDI';
    case 'qcow':
    case 'luks':
    case 'bochs':
    case 'cloop':
      return `the format ${format}`;
    default:
      return undefined;
  }
}

function isZero(read: Read, position: number, lengthBytes: number): boolean {
  return read(position, lengthBytes).every((byte) => byte === 0);
}

function qcow2Points(read: Read): string | undefined {
  const header = view(read, 0, 112);
  const backingPosition = header.getBigUint64(8);
  if (backingPosition !== 0n) return 'a backing file';
  const isV3 = header.getUint32(4) >= 3;
  if (isV3 && (header.getUint32(76) & 4) !== 0) return 'a data file, by its feature';
  const clusterBytes = 2 ** Math.min(header.getUint32(20), 21);
  let position = isV3 ? header.getUint32(100) : 72;
  while (position < clusterBytes) {
    const extension = view(read, position, 8);
    const type = extension.getUint32(0);
    if (type === 0) return undefined;
    if (type === 0x44415441) return 'a data file, by its extension';
    position += 8 + Math.ceil(extension.getUint32(4) / 8) * 8;
  }
  return undefined;
}

function vmdkPoints(read: Read): string | undefined {
  if (latin1(read, 0, 4) !== 'KDMV') return 'the extents of a descriptor';
  const header = view(read, 0, 80);
  if (header.getBigUint64(12, true) === 0n) return 'the extents of a descriptor inside';
  const window = latin1(read, 512, 20 * 512).split('\0', 1)[0] ?? '';
  if (window.includes('parentFileNameHint')) return 'a parent of VMDK';
  return /(?:FLAT|VMFS|SESPARSE)\s+"/.test(window) ? 'another extent' : undefined;
}

/** A fixed disk begins with its own content, and has no parent by its kind. */
function vpcPoints(read: Read): string | undefined {
  const isDynamic = latin1(read, 0, 8) === 'conectix';
  return isDynamic && view(read, 60, 4).getUint32(0) === 4 ? 'a parent of VHD' : undefined;
}

const metadataRegion = '06a27c8b90479a4bb8fe575f050f886e';
const fileParameters = '3767a1ca36fa434db3b633f0aa44e76b';

function vhdxPoints(read: Read): string | undefined {
  const region = findGuid(read, 192 * KiB + 16, metadataRegion);
  if (region === undefined) return undefined;
  const metadata = Number(view(read, region + 16, 8).getBigUint64(0, true));
  const item = findGuid(read, metadata + 32, fileParameters);
  if (item === undefined) return undefined;
  const parameters = metadata + view(read, item + 16, 4).getUint32(0, true);
  return (view(read, parameters + 4, 4).getUint8(0) & 2) === 0 ? undefined : 'a parent of VHDX';
}

/** In the first entries, of 32 bytes each, of a table. */
function findGuid(read: Read, start: number, guid: string): number | undefined {
  for (let position = start; position < start + 16 * 32; position += 32) {
    if (Buffer.from(read(position, 16)).toString('hex') === guid) return position;
  }
  return undefined;
}

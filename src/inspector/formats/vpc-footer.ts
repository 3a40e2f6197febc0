/**
 * The footer of a VHD ("Virtual Hard Disk Image Format Specification", 2006), and the disk size
 * that qemu 7.2 takes from it.
 */
import { sectorBytes, toNumber } from '../format-parser.ts';
import type { Bytes } from '../reader.ts';

export const vpcCookie = 'conectix';
export const vpcFooterBytes = 512;
const checksumPosition = 64;

export const vpcType = { fixed: 2, dynamic: 3, differencing: 4 } as const;

/**
 * Programs whose disks are as large as the footer says. Those of all others end with the last whole
 * cylinder, because Virtual PC reads them so.
 */
const creatorsOfExactSize = new Set(['win ', 'qem2', 'd2v ', 'CTXS', 'tap\0']);
/** The largest geometry that the footer can name stands for any larger disk. */
const sectorsOfLargestGeometry = 65535 * 16 * 255;

export interface VpcFooter {
  readonly type: number;
  readonly version: number;
  /** Of the header of a dynamic disk. */
  readonly headerPosition: number;
  readonly virtualSizeBytes: number;
  readonly isChecksumRight: boolean;
}

export function readVpcFooter(bytes: Bytes): VpcFooter {
  return {
    type: bytes.u32be(60),
    version: bytes.u32be(12),
    headerPosition: toNumber(bytes.u64be(16)),
    virtualSizeBytes: virtualSize(bytes),
    isChecksumRight: bytes.u32be(checksumPosition) === vpcChecksum(bytes, checksumPosition),
  };
}

function virtualSize(bytes: Bytes): number {
  const creator = bytes.latin1(28, 32);
  const geometrySectors = bytes.u16be(56) * bytes.u8(58) * bytes.u8(59);
  const isExact = creatorsOfExactSize.has(creator) || geometrySectors === sectorsOfLargestGeometry;
  const sectors = isExact ? Math.floor(toNumber(bytes.u64be(48)) / sectorBytes) : geometrySectors;
  return sectors * sectorBytes;
}

/** The complement of the sum of all bytes, the four of the checksum itself left out. */
export function vpcChecksum(bytes: Bytes, ownPosition: number): number {
  let sum = 0;
  for (let index = 0; index < bytes.length; index += 1) {
    if (index < ownPosition || index >= ownPosition + 4) sum += bytes.u8(index);
  }
  return ~sum >>> 0;
}

/**
 * The header of a VMDK extent that holds its own data ("Virtual Disk Format 5.0", VMware 2011;
 * block/vmdk.c of qemu 7.2).
 */
import { sectorBytes, toNumber } from '../format-parser.ts';
import type { Bytes } from '../reader.ts';

export const vmdkMagic = 'KDMV';
export const vmdkHeaderBytes = 512;
const directoryAtEnd = 0xffff_ffff_ffff_ffffn;
/** The places of the grain directory and, before it, of its copy. */
const placesField = { position: 48, lengthBytes: 16 } as const;
const directoryPosition = 56;
/** A newline, a space, a carriage return and a newline: broken by a transfer as text. */
const lineEndCheck = '\n \r\n';
const lineEndCheckPosition = 73;

export interface VmdkHeader {
  readonly version: number;
  readonly capacitySectors: number;
  readonly grainSectors: number;
  readonly descriptorSector: number;
  readonly descriptorSectors: number;
  readonly entriesPerTable: number;
  /** Of the copy of the grain directory; undefined where there is none. */
  readonly copyPosition: number | undefined;
  readonly directoryPosition: number;
  /** Whether the footer, at the end of the file, tells where the grain directory is. */
  readonly isDirectoryAtEnd: boolean;
  readonly overheadSectors: number;
  readonly isOpen: boolean;
  readonly isCompressed: boolean;
  readonly compression: number;
  readonly hasLineEnds: boolean;
}

const flag = { copy: 1 << 1, compressed: 1 << 16 } as const;

export function readVmdkHeader(bytes: Bytes): VmdkHeader {
  const flags = bytes.u32le(8);
  const directory = bytes.u64le(directoryPosition);
  return {
    version: bytes.u32le(4),
    capacitySectors: toNumber(bytes.u64le(12)),
    grainSectors: toNumber(bytes.u64le(20)),
    descriptorSector: toNumber(bytes.u64le(28)),
    descriptorSectors: toNumber(bytes.u64le(36)),
    entriesPerTable: bytes.u32le(44),
    copyPosition: (flags & flag.copy) === 0 ? undefined : toNumber(bytes.u64le(48)) * sectorBytes,
    directoryPosition: toNumber(directory) * sectorBytes,
    isDirectoryAtEnd: directory === directoryAtEnd,
    overheadSectors: toNumber(bytes.u64le(64)),
    isOpen: bytes.u8(72) !== 0,
    isCompressed: (flags & flag.compressed) !== 0,
    compression: bytes.u16le(77),
    hasLineEnds: bytes.startsWith(lineEndCheck, lineEndCheckPosition),
  };
}

/** Whether two headers say the same but for where the grain directory and its copy are. */
export function sameButPlaces(one: Bytes, other: Bytes): boolean {
  return withoutPlaces(one).equals(withoutPlaces(other));
}

function withoutPlaces({ raw }: Bytes): Buffer {
  const { position, lengthBytes } = placesField;
  return Buffer.concat([raw.subarray(0, position), raw.subarray(position + lengthBytes)]);
}

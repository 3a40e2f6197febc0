/**
 * The parts of a VHDX file (MS-VHDX, version 8.0): two headers of which the newer counts, two
 * copies of the region table, and the metadata table. Read without judging, as qemu 7.2 reads them.
 */
import { toNumber } from '../format-parser.ts';
import type { Bytes, Reader } from '../reader.ts';
import { crc32c } from './crc32c.ts';

const KiB = 1024;
const headerPositions = [64 * KiB, 128 * KiB];
const headerBytes = 4 * KiB;
const regionTablePositions = [192 * KiB, 256 * KiB] as const;
const regionTableBytes = 64 * KiB;
const regionEntriesMost = 2047;
const checksumPosition = 4;

export interface VhdxHeader {
  readonly sequence: bigint;
  readonly logGuid: string;
  readonly logVersion: number;
  readonly version: number;
  readonly log: VhdxRegion;
}

export interface VhdxRegion {
  readonly guid: string;
  readonly position: number;
  readonly lengthBytes: number;
}

export interface VhdxMetadata {
  readonly guid: string;
  /** From the beginning of the metadata region. */
  readonly position: number;
  readonly lengthBytes: number;
  readonly isRequired: boolean;
}

/** The header that counts: valid, and newer than the other; undefined where that is open. */
export async function readVhdxHeader(reader: Reader): Promise<VhdxHeader | undefined> {
  const valid: Bytes[] = [];
  for (const position of headerPositions) {
    const bytes = await reader.read(position, headerBytes);
    if (bytes.startsWith('head') && isWhole(bytes, headerBytes)) valid.push(bytes);
  }
  const [first, second] = valid;
  if (first === undefined) return undefined;
  if (second === undefined) return headerOf(first);
  const [older, newer] = [headerOf(first), headerOf(second)];
  // Disk2vhd writes the same header twice.
  if (older.sequence === newer.sequence) {
    return Buffer.compare(first.raw, second.raw) === 0 ? older : undefined;
  }
  return older.sequence > newer.sequence ? older : newer;
}

function headerOf(bytes: Bytes): VhdxHeader {
  return {
    sequence: bytes.u64le(8),
    logGuid: guidAt(bytes, 48),
    logVersion: bytes.u16le(64),
    version: bytes.u16le(66),
    log: { guid: '', position: toNumber(bytes.u64le(72)), lengthBytes: bytes.u32le(68) },
  };
}

/** The regions, or undefined where the table is damaged or its two copies differ. */
export async function readVhdxRegions(reader: Reader): Promise<readonly VhdxRegion[] | undefined> {
  const [position, copyPosition] = regionTablePositions;
  const table = await reader.read(position, regionTableBytes);
  const copy = await reader.read(copyPosition, regionTableBytes);
  if (!table.startsWith('regi') || !isWhole(table, regionTableBytes)) return undefined;
  if (Buffer.compare(table.raw, copy.raw) !== 0) return undefined;
  const entries = table.u32le(8);
  if (entries > regionEntriesMost) return undefined;
  return Array.from({ length: entries }, (_, index) => {
    const offset = 16 + index * 32;
    return {
      guid: guidAt(table, offset),
      position: toNumber(table.u64le(offset + 16)),
      lengthBytes: table.u32le(offset + 24),
    };
  });
}

/** The entries of the metadata table, or undefined where it is damaged. */
export async function readVhdxMetadata(
  reader: Reader,
  region: VhdxRegion,
): Promise<readonly VhdxMetadata[] | undefined> {
  const table = await reader.read(region.position, Math.min(region.lengthBytes, 64 * KiB));
  const entries = table.u16le(10);
  if (!table.startsWith('metadata') || 32 + entries * 32 > table.length) return undefined;
  return Array.from({ length: entries }, (_, index) => {
    const offset = 32 + index * 32;
    return {
      guid: guidAt(table, offset),
      position: table.u32le(offset + 16),
      lengthBytes: table.u32le(offset + 20),
      isRequired: (table.u32le(offset + 24) & 4) !== 0,
    };
  });
}

/** Whether a piece is complete and its checksum, which counts as zeros in itself, is right. */
function isWhole(bytes: Bytes, lengthBytes: number): boolean {
  if (bytes.length < lengthBytes) return false;
  const counted = Uint8Array.from(bytes.raw);
  counted.fill(0, checksumPosition, checksumPosition + 4);
  return crc32c(counted) === bytes.u32le(checksumPosition);
}

/** A GUID as people write it; three of its parts are little-endian. */
function guidAt(bytes: Bytes, offset: number): string {
  const rest = Buffer.from(bytes.raw.subarray(offset + 8, offset + 16)).toString('hex');
  return [
    hex(bytes.u32le(offset), 8),
    hex(bytes.u16le(offset + 4), 4),
    hex(bytes.u16le(offset + 6), 4),
    rest.slice(0, 4),
    rest.slice(4),
  ].join('-');
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** What one format of disk images has to tell: a parser a file, listed in formats/index.ts. */
import type { ImageLimits } from './limits.ts';
import type { Bytes, Reader } from './reader.ts';
import type { Violation } from './violation.ts';

/** What `inspect` calls a file. `gpt`, `mbr` and `iso` are raw images with known content. */
export type DetectedFormat =
  | 'raw'
  | 'qcow2'
  | 'qed'
  | 'vmdk'
  | 'vpc'
  | 'vhdx'
  | 'vdi'
  | 'parallels'
  | 'luks'
  | 'qcow'
  | 'bochs'
  | 'cloop'
  | 'dmg'
  | 'iso'
  | 'gpt'
  | 'mbr';

/** The ends of a file, which hold every format's signature. */
export interface Signatures {
  /**
   * The first 68 KiB, or all of a smaller file, filled with zeros to a whole sector as tools read
   * it.
   */
  readonly head: Bytes;
  /** The last 1536 bytes, or all of a smaller file. */
  readonly tail: Bytes;
  readonly sizeBytes: number;
}

export interface FormatReport {
  readonly virtualSizeBytes: number;
  readonly violations: readonly Violation[];
}

export interface FormatParser {
  readonly format: DetectedFormat;
  /** Whether the file has this format's signature, however broken the rest may be. */
  matches(signatures: Signatures): boolean;
  /**
   * Whether the disk itself begins at the first byte, so that a partition table there is the disk's
   * own.
   */
  payloadAtStart?(signatures: Signatures): boolean;
  /** Reads what decides about safety. Never throws for what the file contains. */
  parse(reader: Reader, limits: ImageLimits): Promise<FormatReport>;
}

export const sectorBytes = 512;

/** A size as whole sectors: qemu rounds the size of a raw file up, and finds trailers by that. */
export function wholeSectors(sizeBytes: number): number {
  return Math.ceil(sizeBytes / sectorBytes) * sectorBytes;
}

/**
 * A 64-bit field as a number; fields beyond 2^53 - 1 become Infinity, which every limit refuses.
 */
export function toNumber(field: bigint): number {
  return field > BigInt(Number.MAX_SAFE_INTEGER) ? Infinity : Number(field);
}

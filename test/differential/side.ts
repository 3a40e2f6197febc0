/** One side of a differential test: a host, and what a guest on it can do with a disk. */
import type { Host } from '../../src/ports/host.ts';

export interface Side {
  readonly name: string;
  readonly host: Host;
  /** Empty at the start; its path differs between the sides. */
  readonly directory: string;
  /** In what runs the filesystem allocates what is written. */
  readonly runBytes: number;
  /** Fills a range with a byte; false where the image cannot be opened or is too short. */
  readonly write: (path: string, format: string, range: Range, byte: number) => Promise<boolean>;
  /** The byte at each position, 0 behind the end; undefined where the image cannot be opened. */
  readonly bytesAt: (
    path: string,
    format: string,
    positions: readonly number[],
  ) => Promise<readonly number[] | undefined>;
  readonly dispose: () => Promise<void>;
}

interface Range {
  readonly position: number;
  readonly length: number;
}

const KiB = 1024;
const MiB = 1024 * KiB;

/** Where guests write: aligned to clusters and not, within one and across several. */
const positions = [0, 512, 64 * KiB, MiB, MiB + 4 * KiB, 3 * MiB, 5 * MiB + 512, 7 * MiB];
export const writePositions = positions;
export const writeLengths = [512, 4 * KiB, 64 * KiB, 200 * KiB];

/** Every edge that a write can have, so that looking at these sees every difference between two contents. */
export const sampledPositions: readonly number[] = [
  ...new Set(
    positions.flatMap((at) => [
      at,
      ...writeLengths.flatMap((length) => [at + length - 1, at + length]),
    ]),
  ),
].sort((a, b) => a - b);

/** Command lines of coreutils 9.1 for block devices. Pure. */
import type { Command } from '../../ports/executor.ts';

/** Overwrites the beginning of a device: with random data `passes` times, then with zeros where asked (B079). */
export function shred(
  device: string,
  options: { passes: number; endsWithZeros: boolean; sizeBytes: number },
): Command {
  const { passes, endsWithZeros, sizeBytes } = options;
  const zeros = endsWithZeros ? ['-z'] : [];
  return { file: 'shred', args: [`-n${passes}`, ...zeros, `-s${sizeBytes}`, device] };
}

/** Waits until what was written to a device is on it; fails when something of it could not be written. */
export function syncDevice(device: string): Command {
  return { file: 'sync', args: [device] };
}

/** Command lines of blkdiscard (util-linux 2.38). Pure. `-f`: signatures on the device are no reason to refuse. */
import type { Command } from '../../ports/executor.ts';

/** Writes zeros to a range of a device, by the device itself where it can. */
export function blkdiscardZero(device: string, range: { from: number; length: number }): Command {
  const { from, length } = range;
  return { file: 'blkdiscard', args: ['-f', '-z', '-o', `${from}`, '-l', `${length}`, device] };
}

/** Gives all blocks of a thin device back. */
export function blkdiscard(device: string): Command {
  return { file: 'blkdiscard', args: ['-f', device] };
}

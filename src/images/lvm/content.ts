/** Writes to devices: content, and zeros over what somebody left in them. */
import { PlatterError, type ErrorCode } from '../../errors.ts';
import type { ProvenImage } from '../../ingress/proven.ts';
import { convertImage } from '../../operations/run-qemu-img.ts';
import type { Session } from '../../operations/step.ts';
import type { Command, RunResult } from '../../ports/executor.ts';
import { roundUp, sectorBytes } from '../../sizes.ts';
import { shred, syncDevice } from '../../tools/coreutils/devices.ts';
import { runTool } from '../../tools/run.ts';
import { blkdiscard, blkdiscardZero } from '../../tools/util-linux/blkdiscard.ts';
import type { Clearing, Place } from './place.ts';

type Running = Pick<Session, 'host'>;

/** Copies an image onto a device; durable once it is synced. */
export async function writeContent(
  { config }: Place,
  session: Session,
  source: ProvenImage,
  device: string,
): Promise<void> {
  const target = { target: device, targetFormat: 'raw', toDevice: true };
  await convertImage(session, { source, ...target }, config.limits);
}

/** Zeros from `fromBytes` to `toBytes`. */
export async function writeZeros(
  running: Running,
  device: string,
  range: { fromBytes: number; toBytes: number },
): Promise<void> {
  const from = roundUp(range.fromBytes, sectorBytes);
  const length = range.toBytes - from;
  if (length > 0) await run(running, blkdiscardZero(device, { from, length }), 'zero the volume');
}

export function syncContent(running: Running, device: string): Promise<void> {
  return run(running, syncDevice(device), 'sync the volume');
}

/**
 * Gives the blocks of a thin volume back to its pool. One that takes no discards (`--discards ignore`) gets them when the
 * volume is removed: that will do, for it zeroes them before it gives them out again (`requireZeroing`).
 */
export async function discardContent(running: Running, device: string): Promise<void> {
  try {
    await run(running, blkdiscard(device), 'discard the volume');
  } catch (error) {
    if (!PlatterError.is(error) || error.code !== 'NOT_SUPPORTED') throw error;
  }
}

/** Overwrites a thick volume before its space is given back, as configured (B079). Fails where it cannot. */
export async function clearContent(
  { config }: Place,
  running: Running,
  device: string,
  options: { sizeBytes: number; clearing: Clearing },
): Promise<void> {
  const { clearing } = options;
  if (clearing === 'none') return;
  const limitBytes = config.lvm.volumeClearSizeMib * 1024 * 1024;
  const sizeBytes = limitBytes === 0 ? options.sizeBytes : Math.min(limitBytes, options.sizeBytes);
  await overwrite(running, device, { sizeBytes, clearing });
}

/** From the beginning, whatever the limit is. */
export async function overwrite(
  running: Running,
  device: string,
  { sizeBytes, clearing }: { sizeBytes: number; clearing: 'zero' | 'shred' },
): Promise<void> {
  const passes = clearing === 'zero' ? 0 : 3;
  const endsWithZeros = clearing === 'zero';
  await run(running, shred(device, { passes, endsWithZeros, sizeBytes }), 'clear the volume');
}

/** Without a limit in time: how long it takes goes with the size. */
async function run({ host }: Running, command: Command, action: string): Promise<void> {
  await runTool(host.executor, command, { action, classify });
}

function classify({ stderr }: RunResult): ErrorCode {
  if (/No space left on device/.test(stderr)) return 'NO_SPACE';
  if (/Permission denied|Operation not permitted/.test(stderr)) return 'PERMISSION_DENIED';
  if (/busy/.test(stderr)) return 'IN_USE';
  if (/Operation not supported/.test(stderr)) return 'NOT_SUPPORTED';
  return /No such file or directory/.test(stderr) ? 'NOT_FOUND' : 'TOOL_FAILED';
}

/** What tools have in common that work on devices. */
import { LogicalVolume } from '../volume-group/logical-volume.ts';
import { CryptDevice } from './cryptsetup/crypt-device.ts';
import type { Inode } from '../volume/inode.ts';
import { failure, type ToolContext, type ToolResult, type ToolStep } from './program.ts';

/** Whoever reads or writes a device that is suspended sleeps until it is resumed. */
export function* awaitDevice({ device }: Inode): Generator<ToolStep, void, void> {
  const volume = device instanceof CryptDevice ? device.under : device;
  if (!(volume instanceof LogicalVolume) || !volume.isSuspended) return;
  yield {
    name: 'wait for device',
    subject: volume.name,
    until: (wake) => volume.waiting.push(wake),
  };
}

/** Counted as open until the tool ends. */
export function holdOpen({ held }: ToolContext, { device }: Inode): void {
  if (!(device instanceof LogicalVolume || device instanceof CryptDevice)) return;
  device.openers += 1;
  held.push(() => {
    device.openers = Math.max(0, device.openers - 1);
  });
}

export function noSuchFile(tool: string, path: string, action: string): ToolResult {
  return failure(`${tool}: ${action} ${path}: No such file or directory`);
}

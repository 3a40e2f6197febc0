/**
 * `blkdiscard` of util-linux 2.38. Recorded in fixtures/lvm-2.03/thin-zeroing.json: a thin volume gives its blocks back
 * and reads as zeros; of others it is the disk's affair what is read then, and this one keeps it. `-z` writes zeros.
 */
import { LogicalVolume } from '../../volume-group/logical-volume.ts';
import { errno } from '../../volume/errno.ts';
import { clear } from '../../volume/content.ts';
import { awaitDevice, holdOpen, noSuchFile } from '../block-device.ts';
import { errnoText, failure, success, type ToolProgram } from '../program.ts';

export const blkdiscard: ToolProgram = function* blkdiscard(context, args) {
  const { volume } = context;
  const path = args.at(-1) ?? '';
  const valueOf = (option: string) => {
    const index = args.indexOf(option);
    return index < 0 ? undefined : Number(args[index + 1]);
  };
  yield { name: 'open device', subject: path };
  const inode = volume.peek(path);
  if (inode === undefined) return noSuchFile('blkdiscard', path, 'cannot open');
  const { device } = inode;
  if (device === undefined) return failure(`blkdiscard: ${path}: not a block device`);
  holdOpen(context, inode);
  const zeroes = args.includes('-z') || args.includes('--zeroout');
  const ioctl = zeroes ? 'BLKZEROOUT' : 'BLKDISCARD';
  try {
    yield { name: zeroes ? 'write zeros' : 'discard', subject: path, takesMs: 10 };
    yield* awaitDevice(inode);
    const content = device.read();
    const start = valueOf('-o') ?? 0;
    const end = Math.min(content.sizeBytes, start + (valueOf('-l') ?? content.sizeBytes));
    const isThin = device instanceof LogicalVolume && device.kind === 'thin';
    if (isThin && !zeroes && device.pool?.room?.takesDiscards === false) throw errno('EOPNOTSUPP');
    if (zeroes) device.write(clear(content, start, end));
    else if (isThin) discard(device, start, end);
    return success();
  } catch (error) {
    return failure(`blkdiscard: ${path}: ${ioctl} ioctl failed: ${errnoText(error)}`);
  }
};

/** The blocks go back to the pool with what is in them. */
function discard(device: LogicalVolume, start: number, end: number): void {
  if (device.isReadOnly) throw errno('EPERM');
  device.pool?.room?.unmap(device.mappings, start, end);
  device.replace(clear(device.content, start, end));
}

/** `blockdev --getsize64`, `--getro` and `--flushbufs` of util-linux 2.38. */
import { LogicalVolume } from '../../volume-group/logical-volume.ts';
import { awaitDevice, noSuchFile } from '../block-device.ts';
import { failure, success, type ToolProgram } from '../program.ts';
import { fileBytes } from '../../volume/file-content.ts';

export const blockdev: ToolProgram = function* blockdev({ volume }, [option = '', path = '']) {
  yield { name: 'open device', subject: path };
  const inode = volume.peek(path);
  if (inode === undefined) return noSuchFile('blockdev', path, 'cannot open');
  if (option === '--getsize64') return success(`${fileBytes(volume.content(inode))}\n`);
  if (option === '--getro') {
    const { device } = inode;
    return success(device instanceof LogicalVolume && device.isReadOnly ? '1\n' : '0\n');
  }
  if (option !== '--flushbufs') return failure(`blockdev: Unknown command: ${option}`);
  yield* awaitDevice(inode);
  volume.sync(inode);
  return success();
};

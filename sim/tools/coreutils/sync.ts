/** `sync FILE` of coreutils 9.1: fsync of a file or a device. */
import { awaitDevice } from '../block-device.ts';
import { errnoText, failure, success, type ToolProgram } from '../program.ts';

export const sync: ToolProgram = function* sync({ volume }, args) {
  for (const path of args) {
    yield { name: 'flush', subject: path, takesMs: 20 };
    const inode = volume.peek(path);
    if (inode === undefined) {
      return failure(`sync: error opening '${path}': No such file or directory`);
    }
    yield* awaitDevice(inode);
    try {
      volume.sync(inode);
    } catch (error) {
      return failure(`sync: error syncing '${path}': ${errnoText(error)}`);
    }
  }
  return success();
};

/** `qemu-img info` and `qemu-img check`. Recorded in fixtures/qemu-img-7.2/info.json and check.json. */
import {
  errnoText,
  failure,
  success,
  type ToolContext,
  type ToolResult,
  type ToolStep,
} from '../program.ts';
import { openBacking, openImage, qcow2Of, virtualSize } from './image.ts';
import { parseImageName } from './image-name.ts';
import type { QemuImgOptions } from './options.ts';

export function* info(
  context: ToolContext,
  { values, flags, words }: QemuImgOptions,
): Generator<ToolStep, ToolResult, void> {
  const { volume } = context;
  const named = parseImageName(words[0] ?? '', values.get('-f'));
  const { path } = named;
  yield { name: 'open image', subject: path, takesMs: 10 };
  const access = flags.has('--force-share') || flags.has('-U') ? 'share' : 'read';
  const image = openImage(context, named, access);
  const content = image.format === 'qcow2' ? qcow2Of(volume, image) : undefined;
  const { backing, snapshots = [] } = content ?? {};
  return success(
    JSON.stringify({
      'virtual-size': virtualSize(volume, image),
      filename: path,
      format: image.format,
      'actual-size': volume.allocatedBytes(image.inode),
      ...(snapshots.length === 0
        ? {}
        : { snapshots: snapshots.map(({ id, name }) => ({ id: String(id), name })) }),
      ...(backing === undefined
        ? {}
        : { 'backing-filename': backing.path, 'backing-filename-format': backing.format }),
      'dirty-flag': false,
    }),
  );
}

const checkStatus = { none: 0, leaks: 3, corrupt: 2, torn: 1 };

/** `-r leaks` makes an image clean that has leaks, or flags that are wrong; not one that has lost its snapshots. */
export function* check(
  context: ToolContext,
  { values, words }: QemuImgOptions,
): Generator<ToolStep, ToolResult, void> {
  const { volume } = context;
  const named = parseImageName(words[0] ?? '', values.get('-f'));
  const { path } = named;
  const repairs = values.has('-r');
  yield { name: 'open image', subject: path, takesMs: 10 };
  const image = openImage(context, named, repairs ? 'write' : 'read');
  openBacking(volume, image);
  if (image.format !== 'qcow2') {
    return failure('qemu-img: This image format does not support checks', 63);
  }
  let content = qcow2Of(volume, image);
  if (repairs && content.damage !== 'none' && content.lostTable === undefined) {
    try {
      yield { name: 'write reference counts', subject: path };
      content = { ...content, damage: 'none' };
      volume.setContent(image.inode, content, path);
      yield { name: 'flush', subject: path };
      volume.sync(image.inode);
    } catch (error) {
      // Printed when the image is closed; the exit status is that of a check that found nothing any more.
      const stderr = `qemu-img: Failed to flush the refcount block cache: ${errnoText(error)}\n`;
      return { exitCode: 0, stdout: '{}', stderr };
    }
  }
  return { exitCode: checkStatus[content.damage], stdout: '{}', stderr: '' };
}

/**
 * `qemu-img create`. Recorded in fixtures/qemu-img-7.2/create.json and faults-create.json: a file that is there is
 * overwritten; what fails removes a qcow2 and leaves an empty raw file; what is killed leaves a torn one, which may well
 * be a valid qcow2 of no size, or an overlay that has lost its backing file.
 */
import { newQcow2 } from '../../volume/qcow2-content.ts';
import {
  errnoText,
  success,
  type ToolContext,
  type ToolResult,
  type ToolStep,
} from '../program.ts';
import { openImage, openBacking, ToolFailure, virtualSize } from './image.ts';
import { makeQcow2File, makeRawFile, qcow2Options, requireClusterSize } from './new-file.ts';
import type { QemuImgOptions } from './options.ts';
import { parseSize } from './size.ts';

export function* create(
  context: ToolContext,
  options: QemuImgOptions,
): Generator<ToolStep, ToolResult, void> {
  const { values, words } = options;
  const [path = '', sizeText] = words;
  const format = values.get('-f') ?? 'raw';
  if (format !== 'raw' && format !== 'qcow2')
    throw new ToolFailure(`Unknown file format '${format}'`);
  const asked = sizeText === undefined ? undefined : parseSize(sizeText, true);
  const backing = yield* findBacking(context, options, path);
  const sizeBytes = asked ?? backing?.sizeBytes;
  if (sizeBytes === undefined) {
    throw new ToolFailure(`${path}: Image creation needs a size parameter`);
  }
  const naming = { path, action: '' };
  if (format === 'raw') {
    yield* makeRawFile(context, naming, sizeBytes);
    return success();
  }
  const { clusterBytes } = qcow2Options(options);
  try {
    requireClusterSize(clusterBytes, path);
  } catch (error) {
    // What fails removes its file, also one that was there before.
    if (context.volume.peek(path)?.kind === 'file') context.volume.unlink(path);
    throw error;
  }
  const content = newQcow2(sizeBytes, {
    clusterBytes,
    backing: backing && { path: backing.path, format: backing.format },
  });
  const inode = yield* makeQcow2File(context, naming, content);
  try {
    yield { name: 'flush', subject: path, takesMs: 20 };
  } catch (error) {
    return flushFailed(context, path, backing === undefined, error);
  }
  context.volume.sync(inode);
  return success();
}

/** Of a disk that stands alone it is an error; of an overlay it is printed, and the exit status is 0. */
function flushFailed(
  { volume }: ToolContext,
  path: string,
  standsAlone: boolean,
  error: unknown,
): ToolResult {
  const text = errnoText(error);
  if (!standsAlone) {
    return { ...success(), stderr: `qemu-img: Failed to flush the L2 table cache: ${text}\n` };
  }
  if (volume.peek(path) !== undefined) volume.unlink(path);
  throw new ToolFailure(
    `${path}: Could not resize image: Failed to update the image size: ${text}`,
  );
}

interface Backing {
  readonly path: string;
  readonly format: string;
  /** Unknown where it was not opened. */
  readonly sizeBytes: number | undefined;
}

/**
 * It is opened, all that is behind it too, before its format is missed; with `-u` it is not opened, and need not be there
 * (create-backing.json).
 */
function* findBacking(
  context: ToolContext,
  { flags, values }: QemuImgOptions,
  target: string,
): Generator<ToolStep, Backing | undefined, void> {
  const path = values.get('-b');
  if (path === undefined) return undefined;
  const format = values.get('-F');
  let sizeBytes: number | undefined;
  if (!flags.has('-u')) {
    yield { name: 'open backing file', subject: path };
    const image = openImage(context, { path, format: format ?? 'raw' }, 'read');
    openBacking(context.volume, image);
    sizeBytes = virtualSize(context.volume, image);
  }
  if (format === undefined) {
    throw new ToolFailure(`${target}: Backing file specified without backing format`);
  }
  return { path, format, sizeBytes };
}

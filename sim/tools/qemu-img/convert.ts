/**
 * `qemu-img convert`. Recorded in fixtures/qemu-img-7.2/convert.json and faults-convert.json: unlike `create`, what
 * fails or is killed in the middle leaves its target behind, at its full size and with a clean check, but with holes
 * where data should be. Nothing is synced: the real one's cache mode for targets is `unsafe` unless it is told another.
 */
import { emptyContent, resize, type RawContent } from '../../volume/content.ts';
import type { FileContent } from '../../volume/file-content.ts';
import type { Inode } from '../../volume/inode.ts';
import type { Volume } from '../../volume/volume.ts';
import {
  errnoText,
  success,
  type ToolContext,
  type ToolResult,
  type ToolStep,
} from '../program.ts';
import { awaitDevice } from '../block-device.ts';
import { openTarget } from './convert-target.ts';
import { openImage, readImage, ToolFailure } from './image.ts';
import type { QemuImgOptions } from './options.ts';

const bytesPerMs = 2 ** 20;

type Steps<Value> = Generator<ToolStep, Value, void>;

export function* convert(context: ToolContext, options: QemuImgOptions): Steps<ToolResult> {
  const { volume } = context;
  const { values, words } = options;
  const [sourcePath = '', path = ''] = words;
  if (values.has('-B') && !values.has('-F')) {
    throw new ToolFailure('Use of backing file requires explicit backing format');
  }
  yield { name: 'open source', subject: sourcePath };
  const source = openImage(
    context,
    { path: sourcePath, format: values.get('-f') ?? 'raw' },
    'read',
  );
  const snapshot = values.get('-l');
  const content = readImage(volume, source, snapshot);
  const { inode, makeTarget } = yield* openTarget(context, options, content.sizeBytes);
  const cache = values.get('-t') ?? 'unsafe';
  const put = (target: FileContent) => write(volume, { inode, path, cache }, target);
  const takesMs = 20 + dataBytes(content) / bytesPerMs;
  const tell = (percent: string) => (options.flags.has('-p') ? progress(percent) : '');
  const allDone = options.flags.has('-p') ? `${tell('100.00').repeat(2)}\n` : '';
  let whole: FileContent;
  try {
    yield { name: 'copy first half', subject: path, takesMs: takesMs / 2, prints: tell('0.00') };
    yield* awaitDevice(inode);
    put(makeTarget(half(content)));
    yield { name: 'copy second half', subject: path, takesMs: takesMs / 2, prints: tell('50.00') };
    // Read again: nobody may write to the source meanwhile, and where somebody does it shows.
    yield* awaitDevice(inode);
    whole = makeTarget(readImage(volume, source, snapshot));
    if (whole.kind === 'raw') put(whole);
    else put({ ...whole, layer: half(whole.layer), damage: 'leaks' });
    if (inode.device !== undefined) {
      yield* closeDevice(context, inode, path, cache);
      return success(allDone);
    }
  } catch (error) {
    if (error instanceof ToolFailure) throw error;
    throw new ToolFailure(`error while writing at byte 0: ${errnoText(error)}`);
  }
  const nothing = makeTarget(resize(emptyContent, content.sizeBytes));
  return yield* close(context, { inode, path, whole, nothing, allDone });
}

/** Nothing is flushed when the cache mode is `unsafe`, as it is unless it is told another. */
function* closeDevice(
  { volume }: ToolContext,
  inode: Inode,
  path: string,
  cache: string,
): Steps<void> {
  yield { name: 'close target', subject: path };
  if (cache !== 'unsafe') volume.sync(inode);
}

/** Through the cache of a device only who syncs it learns that something could not be written. */
function write(
  volume: Volume,
  { inode, path, cache }: { inode: Inode; path: string; cache: string },
  content: FileContent,
): void {
  try {
    volume.setContent(inode, content, path);
  } catch (error) {
    const isLost = /^(ENOSPC|EIO)$/.test(String((error as { code?: unknown }).code));
    const isBuffered = cache === 'unsafe' || cache === 'writeback';
    if (!isLost || !isBuffered || inode.device?.lose === undefined) throw error;
    inode.device.lose();
  }
}

interface Closing {
  readonly inode: Inode;
  readonly path: string;
  readonly whole: FileContent;
  /** What is there when the last tables are not. */
  readonly nothing: FileContent;
  /** What it prints at the end. */
  readonly allDone: string;
}

/** The last tables of a qcow2 are written when it is closed: what fails there is printed, and the exit status is 0. */
function* close(
  { volume }: ToolContext,
  { inode, path, whole, nothing, allDone }: Closing,
): Steps<ToolResult> {
  try {
    yield { name: 'close target', subject: path };
    if (whole.kind === 'raw') return success(allDone);
    volume.setContent(inode, whole, path);
  } catch (error) {
    if (nothing.kind === 'raw') return success(allDone);
    volume.setContent(inode, { ...nothing, damage: 'leaks' }, path);
    const stderr = `qemu-img: Failed to flush the L2 table cache: ${errnoText(error)}\n`;
    return { ...success(allDone), stderr };
  }
  yield { name: 'end', subject: path };
  return success(allDone);
}

/** With `-p`, as it goes; at the end twice. */
const progress = (percent: string) => `    (${percent}/100%)\r`;

function half(content: RawContent): RawContent {
  return { ...content, extents: content.extents.slice(0, content.extents.length / 2) };
}

function dataBytes(content: RawContent): number {
  return content.extents.reduce((sum, { length }) => sum + length, 0);
}

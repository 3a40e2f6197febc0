/** `qemu-img resize`. Recorded in fixtures/qemu-img-7.2/resize.json and faults-resize*.json. */
import { resize as resizeContent, write, zeros, type RawContent } from '../../volume/content.ts';
import type { FileContent } from '../../volume/file-content.ts';
import {
  errnoText,
  success,
  type ToolContext,
  type ToolResult,
  type ToolStep,
} from '../program.ts';
import { openBacking, openImage, ToolFailure, virtualSize } from './image.ts';
import { parseImageName } from './image-name.ts';
import type { QemuImgOptions } from './options.ts';
import { parseSize } from './size.ts';

export function* resize(
  context: ToolContext,
  { values, flags, words }: QemuImgOptions,
): Generator<ToolStep, ToolResult, void> {
  const { volume } = context;
  const [word = '', sizeText = ''] = words;
  const change = parseSize(sizeText.replace(/^[+-]/, ''), false);
  const name = parseImageName(word, values.get('-f'));
  const { path } = name;
  yield { name: 'open image', subject: path };
  const image = openImage(context, name, 'write');
  const content = volume.content(image.inode);
  const backing = openBacking(volume, image);
  const current = virtualSize(volume, image);
  const sizeBytes = resolveSize(sizeText, change, current);
  requireSize(sizeBytes, current, { flags, content });
  const after = resized(content, sizeBytes, backing);
  try {
    const isLonger = content.kind === 'qcow2' && l1Entries(after) > l1Entries(content);
    if (isLonger) {
      yield { name: 'write L1 table', subject: path };
      volume.setContent(image.inode, { ...content, damage: 'leaks' }, path);
    }
    yield { name: 'write size', subject: path };
    if (isLonger && after.kind === 'qcow2') {
      volume.setContent(image.inode, { ...after, damage: 'leaks' }, path);
      yield { name: 'free old L1 table', subject: path };
    }
    volume.setContent(image.inode, after, path);
    yield { name: 'flush', subject: path, takesMs: 20 };
  } catch (error) {
    throw new ToolFailure(`Could not resize file: ${errnoText(error)}`);
  }
  volume.sync(image.inode);
  return success();
}

function resolveSize(text: string, change: number, current: number): number {
  if (text.startsWith('+')) return current + change;
  return text.startsWith('-') ? current - change : change;
}

function requireSize(
  sizeBytes: number,
  current: number,
  { flags, content }: { flags: ReadonlySet<string>; content: FileContent },
): void {
  if (sizeBytes <= 0) throw new ToolFailure('New image size must be positive');
  if (sizeBytes < current && !flags.has('--shrink')) {
    throw new ToolFailure(
      "Use the --shrink option to perform a shrink operation.\nqemu-img: warning: Shrinking an image will delete all data beyond the shrunken image's end. Before performing such an operation, make sure there is no important data there.",
    );
  }
  if (content.kind === 'qcow2' && sizeBytes % 512 !== 0) {
    throw new ToolFailure('The new size must be a multiple of 512');
  }
}

/** A table that is too short for the new size is replaced by a longer one. */
function l1Entries(content: FileContent): number {
  if (content.kind !== 'qcow2') return 0;
  const { clusterBytes, layer } = content;
  return Math.ceil(layer.sizeBytes / ((clusterBytes / 8) * clusterBytes));
}

/** What grows shows nothing of a backing file that is larger, if that is open: zeros are written over it. */
function resized(
  content: FileContent,
  sizeBytes: number,
  backing: RawContent | undefined,
): FileContent {
  if (content.kind === 'raw') return resizeContent(content, sizeBytes);
  const before = content.layer.sizeBytes;
  const layer = resizeContent(content.layer, sizeBytes);
  const shown = Math.min(sizeBytes, backing?.sizeBytes ?? 0) - before;
  if (shown <= 0) return { ...content, layer };
  return { ...content, layer: write(layer, before, { length: shown, source: zeros }) };
}

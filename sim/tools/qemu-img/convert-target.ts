/** Where `qemu-img convert` writes to: a new file, an existing image, or a device. */
import {
  dug,
  emptyContent,
  overlay,
  splice,
  write,
  zeros,
  type RawContent,
} from '../../volume/content.ts';
import type { Device } from '../../volume/device.ts';
import type { FileContent } from '../../volume/file-content.ts';
import type { Inode } from '../../volume/inode.ts';
import { newQcow2 } from '../../volume/qcow2-content.ts';
import type { ToolContext, ToolStep } from '../program.ts';
import { openImage, readBacking, ToolFailure, readImage, virtualSize } from './image.ts';
import { makeQcow2File, makeRawFile, qcow2Options } from './new-file.ts';
import type { QemuImgOptions } from './options.ts';

interface Target {
  readonly inode: Inode;
  /** How what is read becomes the target's content. */
  readonly makeTarget: (content: RawContent) => FileContent;
}

export function* openTarget(
  context: ToolContext,
  options: QemuImgOptions,
  sizeBytes: number,
): Generator<ToolStep, Target, void> {
  const { flags, values, words } = options;
  const format = values.get('-O') ?? 'raw';
  const path = words[1] ?? '';
  if (flags.has('-n')) {
    yield { name: 'open target', subject: path };
    return openExisting(context, options, path, sizeBytes);
  }
  const device = context.volume.peek(path);
  if (device?.device !== undefined) {
    yield { name: 'open target', subject: path };
    return deviceTarget(device, device.device, flags, sizeBytes);
  }
  // Zeros become holes, unless they hide something.
  const naming = { path, action: `error while converting ${format}: ` };
  if (format !== 'qcow2') {
    return {
      inode: yield* makeRawFile(context, naming, sizeBytes),
      makeTarget: dug,
    };
  }
  const backing = backingOf(context, options);
  const hidden = backing === undefined ? dug : (content: RawContent) => content;
  const made = newQcow2(sizeBytes, { ...qcow2Options(options), backing });
  return {
    inode: yield* makeQcow2File(context, naming, made),
    makeTarget: (content) => ({
      ...made,
      layer: withoutShared(hidden(content), readBacking(context.volume, naming.path, made)),
    }),
  };
}

function backingOf(context: ToolContext, { values }: QemuImgOptions) {
  const path = values.get('-B');
  if (path === undefined) return undefined;
  const format = values.get('-F') ?? 'raw';
  openImage(context, { path, format }, 'read');
  return { path, format };
}

/** All is written into it, what lies behind the source's end stays, and so do snapshots. */
function openExisting(
  context: ToolContext,
  { values, flags }: QemuImgOptions,
  path: string,
  sizeBytes: number,
): Target {
  const { volume } = context;
  const image = openImage(context, { path, format: values.get('-O') ?? 'raw' }, 'write');
  const { inode } = image;
  if (inode.device !== undefined) return deviceTarget(inode, inode.device, flags, sizeBytes);
  const existing = readImage(volume, image);
  if (virtualSize(volume, image) < sizeBytes) {
    throw new ToolFailure('output file is smaller than input file');
  }
  return {
    inode: image.inode,
    makeTarget(content) {
      // Holes are written as zeros, so that they hide what the target leans on.
      const { sizeBytes: length } = content;
      const nothing = write(emptyContent, 0, { length, source: zeros });
      const layer = withTail(overlay(content, nothing), existing);
      const before = volume.content(image.inode);
      return before.kind === 'qcow2' ? { ...before, layer } : layer;
    },
  };
}

/** What is behind the end of the source stays. Zeros are written too, unless the target is said to hold nothing else. */
function deviceTarget(
  inode: Inode,
  device: Device,
  flags: ReadonlySet<string>,
  sizeBytes: number,
): Target {
  if (device.read().sizeBytes < sizeBytes) {
    throw new ToolFailure('output file is smaller than input file');
  }
  const isZero = flags.has('--target-is-zero');
  return {
    inode,
    makeTarget(content) {
      const present = device.read();
      if (!isZero) return splice(present, 0, content);
      return overlay({ ...content, sizeBytes: present.sizeBytes }, present);
    },
  };
}

function withTail(content: RawContent, { sizeBytes, extents }: RawContent): RawContent {
  const tail = extents.flatMap((extent) => {
    const skipped = Math.max(0, content.sizeBytes - extent.at);
    if (skipped >= extent.length) return [];
    const { at, from, length } = extent;
    return [{ ...extent, at: at + skipped, from: from + skipped, length: length - skipped }];
  });
  return { kind: 'raw', sizeBytes, extents: [...content.extents, ...tail] };
}

/** What the source has besides what is behind it. */
function withoutShared(content: RawContent, backing: RawContent | undefined): RawContent {
  if (backing === undefined) return content;
  const extents = content.extents.filter(
    (extent) =>
      !backing.extents.some(
        (other) =>
          other.source === extent.source &&
          other.at - other.from === extent.at - extent.from &&
          other.at <= extent.at &&
          other.at + other.length >= extent.at + extent.length,
      ),
  );
  return { ...content, extents };
}

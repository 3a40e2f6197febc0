/** How the simulated qemu-img opens images: formats that are named, locks that are taken, chains that are followed. */
import { roundUp, sectorBytes } from '../../../src/sizes.ts';
import type { RawContent } from '../../volume/content.ts';
import { resize } from '../../volume/content.ts';
import { fileBytes, fingerprintFile, type FileContent } from '../../volume/file-content.ts';
import type { Inode } from '../../volume/inode.ts';
import { guestView, type Qcow2Content } from '../../volume/qcow2-content.ts';
import type { Volume } from '../../volume/volume.ts';
import { hashText } from '../../schedule/prng.ts';
import { errnoText, failure, type ToolContext, type ToolResult } from '../program.ts';
import type { ImageName } from './image-name.ts';

/** Ends a tool with a message, from wherever it is. */
export class ToolFailure extends Error {
  readonly result: ToolResult;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.result = failure(`qemu-img: ${message}`, exitCode);
  }
}

export interface OpenImage {
  readonly path: string;
  readonly format: string;
  readonly inode: Inode;
  readonly isAlone?: boolean;
}

/** `write` excludes everybody else, `read` excludes writers, `share` nobody. */
export function openImage(
  { volume, stores, held }: Pick<ToolContext, 'volume' | 'stores' | 'held'>,
  { path, format, shown = path, isAlone = false }: ImageName,
  access: 'write' | 'read' | 'share',
): OpenImage {
  let inode: Inode;
  try {
    inode = stores.open?.(path) ?? volume.findFile(path);
  } catch (error) {
    throw new ToolFailure(
      `Could not open '${shown}': Could not open '${path}': ${errnoText(error)}`,
    );
  }
  lockFor(inode, { path, shown }, access);
  if (access === 'write' && volume.isReadOnly) {
    throw new ToolFailure(
      `Could not open '${shown}': Could not open '${path}': Read-only file system`,
    );
  }
  if (format === 'qcow2') requireQcow2(volume.content(inode), shown);
  if (access !== 'share') lock(inode, access, held);
  return { path, format, inode, isAlone };
}

/** Fails where somebody else has the file open who does not want that. */
export function lockFor(
  inode: Inode,
  { path, shown = path }: Pick<ImageName, 'path' | 'shown'>,
  access: 'write' | 'read' | 'share',
): void {
  const isLocked = access === 'write' ? inode.readers + inode.writers > 0 : inode.writers > 0;
  if (!isLocked || access === 'share') return;
  const what = access === 'write' ? '"write" lock' : 'shared "write" lock';
  throw new ToolFailure(
    `Could not open '${shown}': Failed to get ${what}\nIs another process using the image [${path}]?`,
  );
}

function lock(inode: Inode, access: 'write' | 'read', held: ToolContext['held']): void {
  const kind = access === 'write' ? 'writers' : 'readers';
  inode[kind] += 1;
  held.push(() => {
    inode[kind] = Math.max(0, inode[kind] - 1);
  });
}

function requireQcow2(content: FileContent, shown: string): asserts content is Qcow2Content {
  if (content.kind === 'qcow2' && content.damage !== 'torn') return;
  throw new ToolFailure(`Could not open '${shown}': Image is not in qcow2 format`);
}

export function qcow2Of(volume: Volume, { inode, path }: OpenImage): Qcow2Content {
  const content = volume.content(inode);
  requireQcow2(content, path);
  return content;
}

/**
 * What a guest reads of an image, or of one of its snapshots (`snapshot.id=…`, `snapshot.name=…`) at the size that the disk
 * has now (seen with 7.2).
 */
export function readImage(volume: Volume, image: OpenImage, snapshot?: string): RawContent {
  if (image.format !== 'qcow2') return asRaw(volume.content(image.inode));
  const content = qcow2Of(volume, image);
  const backing = readBacking(volume, image.path, content);
  if (snapshot === undefined) return guestView(content.layer, backing);
  const kept = content.snapshots.find(
    ({ id, name }) => snapshot === `snapshot.id=${id}` || snapshot === `snapshot.name=${name}`,
  );
  if (kept === undefined) throw new ToolFailure(`Failed to load snapshot: Can't find snapshot`);
  return guestView(resize(kept.layer, content.layer.sizeBytes), backing);
}

/**
 * What an image leans on, opened with it: undefined where there is nothing, and where it is opened alone. What only reads
 * headers (`info`) does not ask.
 */
export function openBacking(volume: Volume, image: OpenImage): RawContent | undefined {
  if (image.format !== 'qcow2' || image.isAlone === true) return undefined;
  return readBacking(volume, image.path, qcow2Of(volume, image));
}

/** `path` is of the image that leans on it. */
export function readBacking(
  volume: Volume,
  path: string,
  { backing }: Qcow2Content,
): RawContent | undefined {
  if (backing === undefined) return undefined;
  const inode = volume.peek(backing.path);
  if (inode === undefined || inode.kind === 'directory') {
    throw new ToolFailure(
      `Could not open '${path}': Could not open backing file: Could not open '${backing.path}': No such file or directory`,
    );
  }
  return readImage(volume, { path: backing.path, format: backing.format, inode });
}

/** The bytes of a file as they are; those of a qcow2 file that is read as raw are known by a number. */
export function asRaw(content: FileContent): RawContent {
  if (content.kind === 'raw') return resize(content, roundUp(content.sizeBytes, sectorBytes));
  const length = fileBytes(content);
  const source = hashText(fingerprintFile(content));
  const sizeBytes = roundUp(length, sectorBytes);
  return { kind: 'raw', sizeBytes, extents: [{ at: 0, length, source, from: 0 }] };
}

export function virtualSize(volume: Volume, image: OpenImage): number {
  if (image.format === 'qcow2') return qcow2Of(volume, image).layer.sizeBytes;
  return asRaw(volume.content(image.inode)).sizeBytes;
}

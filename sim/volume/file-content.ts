/** The content of any simulated file, whatever it holds. */
import { memoizeByText } from '../memoize.ts';
import {
  allocatedBytes,
  clear,
  emptyContent,
  fingerprint,
  rawOf,
  readRaw,
  resize,
  wholeBlocks,
  write,
  type RawContent,
} from './content.ts';
import {
  fingerprintQcow2,
  qcow2FileBytes,
  tableReference,
  withSnapshotTime,
  type Qcow2Content,
} from './qcow2-content.ts';
import type { Qcow2Images } from './qcow2-images.ts';

export type FileContent = RawContent | Qcow2Content;

export function fileBytes(content: FileContent): number {
  return content.kind === 'raw' ? content.sizeBytes : qcow2FileBytes(content);
}

export function heldBytes(held: FileContent | string): number {
  if (typeof held === 'string') return wholeBlocks(Buffer.byteLength(held));
  return held.kind === 'raw' ? allocatedBytes(held) : qcow2FileBytes(held);
}

export function readContent(
  content: FileContent,
  buffer: Uint8Array,
  position: number,
  images: Qcow2Images,
): number {
  if (content.kind === 'raw') return readRaw(content, buffer, position);
  const length = Math.max(0, Math.min(buffer.length, fileBytes(content) - position));
  buffer.fill(0, 0, length);
  // What begins with the header is read for what that says.
  const tables = position === 0 ? [] : images.tablesOf(content);
  for (const { at, bytes } of [...images.piecesOf(content), ...tables]) {
    const start = Math.max(at, position);
    const end = Math.min(at + bytes.length, position + length);
    if (start < end) buffer.set(bytes.subarray(start - at, end - at), start - position);
  }
  return length;
}

/**
 * Literal bytes written into a file. The header of a known qcow2 image makes the file that image: copied byte by byte,
 * it keeps its layers.
 */
export function writeContent(
  content: FileContent,
  at: number,
  bytes: Uint8Array,
  images: Qcow2Images,
): FileContent {
  const image = at === 0 ? images.find(bytes) : undefined;
  if (image !== undefined) return image;
  if (content.kind === 'qcow2') {
    if (at === 60) return withTable(content, bytes);
    // Without its header it is nothing any more.
    const isOverwritten = at === 0 && isZero(bytes);
    if (isOverwritten) return resize(emptyContent, fileBytes(content));
    return withSnapshotTime(content, at, bytes);
  }
  const end = at + bytes.length;
  // A disk that is wiped is as large as it is: nothing is kept of its zeros.
  if (isZero(bytes)) {
    return resize(clear(content, at, end), Math.max(content.sizeBytes, end));
  }
  return write(content, at, { length: bytes.length, source: bytes.slice() });
}

const zeroBytes = new Uint8Array(2 ** 20);

function isZero(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0 || bytes.length > zeroBytes.length) return false;
  return Buffer.compare(bytes, zeroBytes.subarray(0, bytes.length)) === 0;
}

/** The old snapshot table is brought back by writing its place into the header. */
function withTable(content: Qcow2Content, reference: Uint8Array): Qcow2Content {
  const { lostTable } = content;
  if (lostTable === undefined) return content;
  const restored: Qcow2Content = { ...content, snapshots: lostTable, lostTable: undefined };
  const isOld = Buffer.compare(tableReference(restored), reference) === 0;
  return isOld ? { ...restored, damage: 'leaks' } : content;
}

export function truncateContent(content: FileContent, sizeBytes: number): FileContent {
  if (content.kind === 'raw') return resize(content, sizeBytes);
  if (sizeBytes >= fileBytes(content)) return content;
  return sizeBytes === 0 ? emptyContent : { ...content, damage: 'torn' };
}

export function fingerprintFile(content: FileContent): string {
  return content.kind === 'raw' ? fingerprint(content) : fingerprintQcow2(content);
}

export function textContent(text: string): RawContent {
  return rawOf(Buffer.from(text));
}

const smallTextMax = 64 * 1024;
const largeText = memoizeByText(textContent);

/** Small texts are for memfs to keep; a large one is a payload, made once however often it is written. */
export function heldAs(held: FileContent | string): FileContent | string {
  return typeof held === 'string' && held.length > smallTextMax ? largeText(held) : held;
}

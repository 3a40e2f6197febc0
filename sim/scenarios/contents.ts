/** What the images of scenarios are filled with: little data at few places, so that even large ones cost nothing. */
import { readRaw, write, type RawContent } from '../volume/content.ts';
import type { FileContent } from '../volume/file-content.ts';
import { newQcow2 } from '../volume/qcow2-content.ts';
import type { OperationSpec, TemplateSpec } from './scenario.ts';

const pieceBytes = 512;
const pieces = new Map<number, Uint8Array>();
/** Files of web servers, by their patterns: most runs fetch none, and nobody changes them. */
const bytesOnWeb = new Map<number, Uint8Array>();

function piece(pattern: number, length: number): Uint8Array {
  const known = pieces.get(pattern);
  if (known?.length === length) return known;
  // Bytes that no format begins with, and that are not zero, which would be a hole.
  const bytes = new Uint8Array(length).fill(1 + (pattern % 60));
  bytes[1] = 1 + (pattern >> 6);
  pieces.set(pattern, bytes);
  return bytes;
}

/** Data at the start and in the middle, so that half of a copy is told from the whole. */
function rawContent(sizeBytes: number, pattern: number, length = pieceBytes): RawContent {
  const data = { length, source: piece(pattern, length) };
  const empty: RawContent = { kind: 'raw', sizeBytes, extents: [] };
  return write(write(empty, 0, data), sizeBytes / 2, data);
}

export function templateContent({
  format,
  sizeBytes,
  pattern,
  hostile,
  isOnWeb,
}: TemplateSpec): FileContent {
  if (isOnWeb === true) return importContent(pattern);
  const raw = rawContent(sizeBytes, pattern);
  if (format === 'raw') return raw;
  const backing = hostile ? { path: secretPath, format: 'raw' } : undefined;
  return { ...newQcow2(sizeBytes, backing === undefined ? {} : { backing }), layer: raw };
}

/** What hostile images lean on: a file of the host that is nobody's disk. */
export const secretPath = '/outside/secret';

/** What is imported or generated to get at a file of the host. */
function hostileContent(): FileContent {
  return newQcow2(2 ** 20, { backing: { path: secretPath, format: 'raw' } });
}

/** What an image service says is raw, and begins as a qcow2 image does: whoever opens it without naming a format finds that. */
export function hostileImageContent(): RawContent {
  const header = new Uint8Array(pieceBytes);
  header.set([0x51, 0x46, 0x49, 0xfb, 0, 0, 0, 3]);
  return write(rawContent(2 ** 20, 191), 0, { length: pieceBytes, source: header });
}

/** What an operation imports or generates. */
export function contentFromOutside({ pattern = 0, isHostile }: OperationSpec): FileContent {
  return isHostile === true ? hostileContent() : importContent(pattern);
}

/**
 * What a guest writes: at a place of its own for each pattern, so that no write hides another; once in each half of its
 * disk, so that one of which half was brought back is told from either.
 */
export function guestWrite(content: RawContent, pattern: number): RawContent {
  const half = Math.floor(content.sizeBytes / pieceBytes / 2) * pieceBytes;
  const places = Math.min(64, half / pieceBytes - 1);
  const at = (1 + (pattern % places)) * pieceBytes;
  const data = { length: pieceBytes, source: piece(pattern, pieceBytes) };
  return write(write(content, at, data), half + at, data);
}

/** Of templates that are fetched byte by byte. */
export const webTemplateBytes = 2 ** 20;

/** What a web server sends of one. */
export function templateBytes({ pattern }: TemplateSpec): Uint8Array {
  const known = bytesOnWeb.get(pattern);
  if (known !== undefined) return known;
  const bytes = new Uint8Array(webTemplateBytes);
  readRaw(importContent(pattern), bytes, 0);
  bytesOnWeb.set(pattern, bytes);
  return bytes;
}

/** What is imported, generated or fetched byte by byte. Its data fills the blocks in which files are copied, so that no zeros are copied along. */
export function importContent(pattern: number): RawContent {
  return rawContent(webTemplateBytes, pattern, 65_536);
}

/** What the store makes of a template. */
export function storedContent(
  template: TemplateSpec,
  forceRawImages: boolean | undefined,
): FileContent {
  const content = templateContent({ ...template, hostile: false });
  return content.kind === 'qcow2' && forceRawImages === true ? content.layer : content;
}

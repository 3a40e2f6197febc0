/**
 * Contents of simulated files: values that never change, so that "what was in it at that moment" is a reference.
 *
 * Raw contents are extents over literal bytes and over patterns (what a guest or a generator wrote, known by a number),
 * so that a disk of 100 GiB costs nothing. What qcow2 files hold is qcow2-content.ts.
 */
import { hashText } from '../schedule/prng.ts';

/** A run of bytes that are not zero. `at` is where it starts in the file, `from` where in its source. */
interface Extent {
  readonly at: number;
  readonly length: number;
  readonly source: Uint8Array | number;
  readonly from: number;
}

export interface RawContent {
  readonly kind: 'raw';
  readonly sizeBytes: number;
  /** In order, without overlap. */
  readonly extents: readonly Extent[];
}

/**
 * The source of bytes that were set to zero: in an overlay they hide what is behind them, as a hole does not. They take
 * no space, and a content with them equals one without.
 */
export const zeros = -1;

export const emptyContent: RawContent = { kind: 'raw', sizeBytes: 0, extents: [] };

export function rawOf(bytes: Uint8Array): RawContent {
  return write(emptyContent, 0, { length: bytes.length, source: bytes });
}

/** A file of this size, filled with a pattern from its start. */
export function patternContent(sizeBytes: number, pattern: number, length = sizeBytes): RawContent {
  return write({ kind: 'raw', sizeBytes, extents: [] }, 0, { length, source: pattern });
}

/** The same file with other bytes at a place; it grows where they reach beyond its end. */
export function write(
  content: RawContent,
  at: number,
  { length, source, from = 0 }: { length: number; source: Uint8Array | number; from?: number },
): RawContent {
  const cleared = cut(content.extents, at, at + length);
  const extents = length === 0 ? cleared : [...cleared, { at, length, source, from }];
  extents.sort((a, b) => a.at - b.at);
  return { kind: 'raw', sizeBytes: Math.max(content.sizeBytes, at + length), extents };
}

/** Zeros in a range; the size stays. */
export function clear(content: RawContent, start: number, end: number): RawContent {
  return { ...content, extents: cut(content.extents, start, end) };
}

export function resize(content: RawContent, sizeBytes: number): RawContent {
  const extents =
    sizeBytes >= content.sizeBytes ? content.extents : cut(content.extents, sizeBytes, Infinity);
  return { kind: 'raw', sizeBytes, extents };
}

/** What of the extents lies outside of a range. */
function cut(extents: readonly Extent[], start: number, end: number): Extent[] {
  const rest: Extent[] = [];
  for (const extent of extents) {
    const extentEnd = extent.at + extent.length;
    if (extentEnd <= start || extent.at >= end) {
      rest.push(extent);
      continue;
    }
    if (extent.at < start) rest.push({ ...extent, length: start - extent.at });
    if (extentEnd > end) {
      const skipped = end - extent.at;
      rest.push({ ...extent, at: end, length: extentEnd - end, from: extent.from + skipped });
    }
  }
  return rest;
}

/** Lays `upper` over `lower`, as an overlay over its backing file; the size is the upper one's. */
export function overlay(upper: RawContent, lower: RawContent): RawContent {
  let extents: Extent[] = cut(lower.extents, upper.sizeBytes, Infinity);
  for (const extent of upper.extents) {
    extents = cut(extents, extent.at, extent.at + extent.length);
  }
  extents.push(...upper.extents);
  extents.sort((a, b) => a.at - b.at);
  return { kind: 'raw', sizeBytes: upper.sizeBytes, extents };
}

/** A part of a content, as a content of its own. */
export function slice(content: RawContent, start: number, end: number): RawContent {
  const extents = cut(cut(content.extents, 0, start), end, Infinity).map((extent) =>
    start === 0 ? extent : { ...extent, at: extent.at - start },
  );
  return { kind: 'raw', sizeBytes: end - start, extents };
}

/** One content behind the other. */
export function join(first: RawContent, second: RawContent): RawContent {
  const moved = second.extents.map((extent) => ({ ...extent, at: extent.at + first.sizeBytes }));
  const extents = moved.length === 0 ? first.extents : [...first.extents, ...moved];
  return { kind: 'raw', sizeBytes: first.sizeBytes + second.sizeBytes, extents };
}

/** The same with other bytes, holes too, from a place on; it grows where they reach beyond its end. */
export function splice(content: RawContent, at: number, inserted: RawContent): RawContent {
  const end = at + inserted.sizeBytes;
  const moved =
    at === 0 ? inserted.extents : inserted.extents.map((one) => ({ ...one, at: one.at + at }));
  const extents = [...cut(content.extents, at, end), ...moved];
  extents.sort((a, b) => a.at - b.at);
  return { kind: 'raw', sizeBytes: Math.max(content.sizeBytes, end), extents };
}

/** The same pieces of other things; equal pieces stay the same objects. */
export function mapSources(
  content: RawContent,
  sourceOf: (source: Uint8Array | number) => Uint8Array | number,
): RawContent {
  const extents = content.extents.map((extent) => mapped(extent, sourceOf(extent.source)));
  return { ...content, extents };
}

const mappedExtents = new WeakMap<Extent, Extent>();

function mapped(extent: Extent, source: Uint8Array | number): Extent {
  const known = mappedExtents.get(extent);
  if (known?.source === source) return known;
  const made = { ...extent, source };
  mappedExtents.set(extent, made);
  // And back: what is read and written again has not changed.
  mappedExtents.set(made, extent);
  return made;
}

/** Where something was written: each change of a content keeps the extents that it leaves alone. */
export function changes(
  before: RawContent,
  after: RawContent,
): readonly { readonly at: number; readonly length: number }[] {
  if (before.extents === after.extents) return [];
  const kept = new Set(before.extents);
  const changed: Extent[] = [];
  for (const extent of after.extents) if (!kept.delete(extent)) changed.push(extent);
  for (const extent of kept) changed.push(extent);
  return changed;
}

/** Copies the bytes of a range into `buffer`; patterns become bytes that tell them apart. */
export function readRaw(content: RawContent, buffer: Uint8Array, position: number): number {
  const length = Math.max(0, Math.min(buffer.length, content.sizeBytes - position));
  buffer.fill(0, 0, length);
  for (const extent of content.extents) {
    const start = Math.max(position, extent.at);
    const end = Math.min(position + length, extent.at + extent.length);
    if (start >= end) continue;
    const from = extent.from + (start - extent.at);
    if (typeof extent.source === 'number') {
      fillPattern(buffer.subarray(start - position, end - position), extent.source, from);
    } else {
      buffer.set(extent.source.subarray(from, from + (end - start)), start - position);
    }
  }
  return length;
}

const patternRunBytes = 512;

function fillPattern(piece: Uint8Array, pattern: number, from: number): void {
  for (let at = 0; at < piece.length;) {
    const end = at + patternRunBytes - ((from + at) % patternRunBytes);
    piece.fill(patternByte(pattern, from + at), at, end);
    at = end;
  }
}

/** Never zero, so that a pattern is never taken for a hole, nor for the start of a known format. */
function patternByte(pattern: number, offset: number): number {
  if (pattern === zeros) return 0;
  return 1 + ((pattern * 31 + Math.floor(offset / patternRunBytes)) % 63);
}

export const blockBytes = 4096;

export function wholeBlocks(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

/** Without the blocks of literal bytes that are all zero: what tools do that look for holes. */
export function dug(content: RawContent): RawContent {
  const extents = content.extents.flatMap((extent) =>
    typeof extent.source === 'number' ? [extent] : dataBlocks(extent, extent.source),
  );
  const isSame = extents.every((extent, index) => extent === content.extents[index]);
  return isSame && extents.length === content.extents.length ? content : { ...content, extents };
}

function dataBlocks(extent: Extent, source: Uint8Array): readonly Extent[] {
  const kept: Extent[] = [];
  const end = extent.at + extent.length;
  for (let at = extent.at; at < end;) {
    const next = Math.min(end, (Math.floor(at / blockBytes) + 1) * blockBytes);
    const from = extent.from + (at - extent.at);
    if (!isZero(source, from, next - at)) {
      const last = kept.at(-1);
      if (last !== undefined && last.at + last.length === at) {
        kept[kept.length - 1] = { ...last, length: last.length + next - at };
      } else kept.push({ ...extent, at, from, length: next - at });
    }
    at = next;
  }
  return kept.length === 1 && kept[0]?.length === extent.length ? [extent] : kept;
}

const zeroBlock = Buffer.alloc(blockBytes);

function isZero({ buffer, byteOffset }: Uint8Array, from: number, length: number): boolean {
  const bytes = Buffer.from(buffer, byteOffset + from, length);
  return bytes[0] === 0 && bytes.compare(zeroBlock, 0, length) === 0;
}

export function allocatedBytes(content: RawContent): number {
  let bytes = 0;
  for (const { length, source } of content.extents) {
    if (source !== zeros) bytes += wholeBlocks(length);
  }
  return bytes;
}

/** How much of a range holds nothing. */
export function holeBytes({ extents }: RawContent, start: number, end: number): number {
  const held = extents.map(({ at, length }) => Math.min(at + length, end) - Math.max(at, start));
  return end - start - held.reduce((sum, bytes) => sum + Math.max(0, bytes), 0);
}

/** The content as a word: equal words are equal contents, in however many pieces they were written. */
export function fingerprint(content: RawContent): string {
  return `${content.sizeBytes} ${dataFingerprint(content)}`;
}

const fingerprints = new WeakMap<readonly Extent[], string>();

/** As `fingerprint`, but without the size: a disk that has grown by zeros has the same. */
export function dataFingerprint({ extents }: RawContent): string {
  const known = fingerprints.get(extents);
  if (known !== undefined) return known;
  const text = spelled(extents);
  const word = `${hashText(text).toString(36)}${hashText(text, 0x2545f491).toString(36)}`;
  fingerprints.set(extents, word);
  return word;
}

/** Neighbours that belong together are spelled as one. */
function spelled(all: readonly Extent[]): string {
  const hasZeros = all.some(({ source }) => source === zeros);
  const extents = hasZeros ? all.filter(({ source }) => source !== zeros) : all;
  let text = '';
  let index = 0;
  while (index < extents.length) {
    const first = extents[index] as Extent;
    let next = index + 1;
    while (next < extents.length && continues(extents[next - 1], extents[next])) next += 1;
    const last = extents[next - 1] as Extent;
    const isLiteral = typeof first.source !== 'number';
    const what = isLiteral
      ? hashOfRun(extents.slice(index, next))
      : `p${String(first.source)}@${first.from}`;
    text += `|${first.at}:${what}..${last.at + last.length}`;
    index = next;
  }
  return text;
}

function continues(last: Extent | undefined, next: Extent | undefined): boolean {
  if (last === undefined || next === undefined || last.at + last.length !== next.at) return false;
  if (typeof next.source !== 'number') return typeof last.source !== 'number';
  return last.source === next.source && last.from + last.length === next.from;
}

const hashes = new WeakMap<Uint8Array, string>();

function hashOfRun(run: readonly Extent[]): string {
  const [first] = run;
  const whole = first?.source as Uint8Array;
  const isWhole = run.length === 1 && first?.from === 0 && first.length === whole.length;
  if (!isWhole) return hashText(run.map(literal).join('')).toString(36);
  const known = hashes.get(whole) ?? hashText(run.map(literal).join('')).toString(36);
  hashes.set(whole, known);
  return known;
}

function literal({ source, from, length }: Extent): string {
  const bytes = source as Uint8Array;
  return Buffer.from(bytes.buffer, bytes.byteOffset + from, length).toString('latin1');
}

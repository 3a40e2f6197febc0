/**
 * The corpus of images, made anew in a temporary directory: benign ones by the real tools, hostile
 * ones by edits.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect, type Inspection } from '../../src/inspector/inspect.ts';
import { defaultImageLimits } from '../../src/inspector/limits.ts';
import { bytesReader, fileReader } from '../../src/inspector/reader.ts';
import { benignImages, type BenignImage } from './corpus/benign.ts';
import { diskContent } from './corpus/content.ts';

export { benignImages } from './corpus/benign.ts';
export { hostileImages } from './corpus/hostile.ts';

/** A directory for images, with the content that they hold. Made once for a file of tests. */
export class CorpusDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'platter-inspector-'));
  readonly #content = join(this.path, 'content');
  readonly #made = new Map<string, string>();

  constructor() {
    writeFileSync(this.#content, diskContent());
  }

  /** The path of a benign image, which is made when it is first asked for. */
  make(image: BenignImage): string {
    const known = this.#made.get(image.name);
    if (known !== undefined) return known;
    // The format is never to be told from the name.
    const path = join(this.path, `image-${this.#made.size}`);
    image.make(path, this.#content);
    this.#made.set(image.name, path);
    return path;
  }

  bytesOf(name: string): Uint8Array {
    const image = benignImages.find((candidate) => candidate.name === name);
    if (image === undefined) throw new Error(`no benign image is named ${name}`);
    return readFileSync(this.make(image));
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export interface MeasuredInspection extends Inspection {
  readonly bytesRead: number;
}

export async function inspectFile(path: string, declared?: string): Promise<MeasuredInspection> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const read = async (buffer: Uint8Array, position: number) =>
      (await file.read(buffer, 0, buffer.length, position)).bytesRead;
    const reader = fileReader({ read }, size);
    const inspection = await inspect(reader, defaultImageLimits, declared);
    return { ...inspection, bytesRead: reader.bytesRead };
  } finally {
    await file.close();
  }
}

export function inspectBytes(bytes: Uint8Array, declared?: string): Promise<Inspection> {
  return inspect(bytesReader(bytes), defaultImageLimits, declared);
}

/** The codes of an inspection, each once, in order of the alphabet. */
export function codesOf({ violations }: Inspection): string[] {
  return [...new Set(violations.map(({ code }) => code))].sort();
}

/**
 * Follows what an image leans on, from file to file and wherever that leads, by platter's own parser alone. Whatever
 * cannot be followed to its end is in doubt: it may lean on anything.
 */
import type { Config } from '../config/config.ts';
import { isHostError } from '../errors.ts';
import { backingTarget, type BackingTarget } from '../inspector/formats/backing-name.ts';
import { qcow2HeaderEnds, readQcow2Header } from '../inspector/formats/qcow2-header.ts';
import { openFileReader } from '../inspector/reader.ts';
import type { Filesystem, FileStat } from '../ports/filesystem.ts';
import { parentOf } from '../workspace/area.ts';

/** qemu takes longer chains, and nobody has them. */
const filesMost = 64;

export interface ChainFile {
  readonly path: string;
  /** What it is opened as; undefined where qemu looks for itself. */
  readonly format: string | undefined;
  /** Undefined where nothing is there. */
  readonly stat: FileStat | undefined;
}

export interface Chain {
  /** What it leans on, nearest first. */
  readonly files: readonly ChainFile[];
  /** Why nobody can tell what else it leans on; absent where nothing else is. */
  readonly doubt?: string;
}

export type Step = BackingTarget | End;

interface End {
  readonly kind: 'end';
  /** Whether the file has no header of qcow2 at all: where it ought to have one, what that named is not known. */
  readonly isBare: boolean;
}

/** Why nobody can tell what a file leans on that was made as qcow2, and is none now. */
export const headerGone = 'its qcow2 header is damaged';

/** Files that many lean on are read once. */
export class BackingChains {
  readonly #filesystem: Filesystem;
  readonly #config: Config;
  readonly #steps = new Map<string, Promise<Step>>();
  readonly #stats = new Map<string, Promise<FileStat | string | undefined>>();

  constructor(filesystem: Filesystem, config: Config) {
    this.#filesystem = filesystem;
    this.#config = config;
  }

  /** What the header of a file names; `end` where it names nothing, or is gone. */
  async first(path: string): Promise<Step> {
    try {
      return await this.#read(path);
    } catch (error) {
      if (isHostError(error, 'ENOENT')) return { kind: 'end', isBare: false };
      // Another user's, or a link by now.
      if (isHostError(error, 'EACCES', 'EPERM', 'ELOOP')) return unreadable('it', error.code);
      throw error;
    }
  }

  /** From what an image names to the end. */
  async follow(first: Step): Promise<Chain> {
    const files: ChainFile[] = [];
    let step = first;
    while (step.kind === 'file') {
      if (files.length === filesMost) return { files, doubt: 'its chain is too long' };
      const { path, format } = step;
      const stat = await memoized(this.#stats, path, () => this.#stat(path));
      if (typeof stat === 'string')
        return { files: [...files, { path, format, stat: undefined }], doubt: stat };
      files.push({ path, format, stat });
      // Whatever is opened as raw names nothing.
      const isRaw = format === 'raw';
      const doubt = this.#doubtAbout(path, stat, isRaw);
      if (doubt !== undefined) return { files, doubt };
      if (stat === undefined || isRaw) return { files };
      step = await memoized(this.#steps, path, () => this.#next(path));
      // Templates lean on nothing, damaged or not.
      if (format === 'qcow2' && isBare(step) && !this.#isTemplate(path)) {
        return { files, doubt: `it leans on ${path}: ${headerGone}` };
      }
    }
    return step.kind === 'end' ? { files } : { files, doubt: step.reason };
  }

  /** A template that is gone leans on nothing; of any other file nobody knows that, as storage that is not mounted shows none. */
  #doubtAbout(path: string, stat: FileStat | undefined, isRaw: boolean): string | undefined {
    if (stat === undefined) {
      return this.#isTemplate(path) ? undefined : `it leans on ${path}, which is not there`;
    }
    // A device as raw names nothing, but a link leads on whatever it is opened as.
    const isKnown = stat.kind === 'file' || (stat.kind === 'other' && isRaw);
    return isKnown ? undefined : `it leans on ${path}, which is no regular file`;
  }

  #isTemplate(path: string): boolean {
    return parentOf(path).endsWith(`/${this.#config.imageCache.subdirectoryName}`);
  }

  async #stat(path: string): Promise<FileStat | string | undefined> {
    try {
      return await this.#filesystem.stat(path);
    } catch (error) {
      if (isHostError(error, 'ENOENT', 'ENOTDIR')) return undefined;
      if (isHostError(error)) return `it leans on ${path}, which cannot be read (${error.code})`;
      throw error;
    }
  }

  async #next(path: string): Promise<Step> {
    try {
      return await this.#read(path);
    } catch (error) {
      if (isHostError(error)) return unreadable(path, error.code);
      throw error;
    }
  }

  async #read(path: string): Promise<Step> {
    const file = await this.#filesystem.openRead(path, qcow2HeaderEnds);
    try {
      const header = await readQcow2Header(openFileReader(file));
      if (header === undefined) return { kind: 'end', isBare: true };
      // Without a position, or with an empty name, qemu finds none.
      const isAlone = header.backingFilePosition === 0 || header.backingFileBytes === 0;
      if (isAlone) return { kind: 'end', isBare: false };
      const named = { name: header.backingFile?.name, format: header.backingFormat };
      return backingTarget(named, parentOf(path));
    } finally {
      file.close();
    }
  }
}

export function isBare(step: Step): boolean {
  return step.kind === 'end' && step.isBare;
}

function unreadable(what: string, code: string): BackingTarget {
  return { kind: 'unknown', reason: `${what} cannot be read (${code})` };
}

function memoized<Value>(
  known: Map<string, Promise<Value>>,
  path: string,
  look: () => Promise<Value>,
): Promise<Value> {
  const looked = known.get(path) ?? look();
  known.set(path, looked);
  return looked;
}

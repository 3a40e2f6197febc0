/**
 * What a command line calls an image: a path, or `json:` and a description of how to open it, of which platter's is known
 * here: the format, the file, and that nothing behind it is opened. Recorded in fixtures/qemu-img-7.2/no-backing.json.
 */
import { ToolFailure } from './image.ts';

export interface ImageName {
  readonly path: string;
  readonly format: string;
  /** As messages have it. Default: the path. */
  readonly shown?: string;
  /** The backing file is not opened. */
  readonly isAlone?: boolean;
}

const formats: ReadonlySet<unknown> = new Set(['qcow2', 'raw']);

/** `format` is that of `-f`, for a path. */
export function parseImageName(word: string, format = 'raw'): ImageName {
  if (!word.startsWith('json:')) return { path: word, format };
  const { driver, file, backing, ...others } = description(word);
  const refused = (why: string) => new ToolFailure(`Could not open '${word}': ${why}`);
  if (!formats.has(driver)) throw refused(`Unknown driver '${String(driver)}'`);
  const [other] = Object.keys(others);
  if (other !== undefined) {
    throw refused(`Block format '${String(driver)}' does not support the option '${other}'`);
  }
  const { filename } = (file ?? {}) as { filename?: unknown };
  if (typeof filename !== 'string') {
    throw refused('A block device must be specified for "file"');
  }
  return { path: filename, format: String(driver), shown: word, isAlone: backing === null };
}

function description(word: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(word.slice('json:'.length)) as Readonly<Record<string, unknown>>;
  } catch {
    throw new ToolFailure(
      `Could not open '${word}': Could not parse the JSON options: JSON parse error, premature EOI`,
    );
  }
}

/**
 * What the name of a backing file means to qemu (block.c, docs/system/qemu-block-drivers of qemu 7.2): a path, `file:` and a
 * path, or `json:` and the description of a node. What is not certain is said to be so: whoever asks wants to know whether
 * a file may go.
 */

export type BackingTarget =
  /** `format` is what it is opened as; undefined where qemu looks for itself. */
  | { readonly kind: 'file'; readonly path: string; readonly format: string | undefined }
  | { readonly kind: 'unknown'; readonly reason: string };

export interface NamedBacking {
  /** Undefined where it is no text. */
  readonly name: string | undefined;
  readonly format: string | undefined;
}

/** `directory` is the one of the image that names it: relative paths begin there. */
export function backingTarget({ name, format }: NamedBacking, directory: string): BackingTarget {
  if (name === undefined) return unknown('the name of its backing file cannot be read');
  if (name.startsWith('json:')) return describedFile(name.slice('json:'.length));
  const ofFile = name.startsWith('file:') ? name.slice('file:'.length) : undefined;
  if (ofFile !== undefined) return absoluteFile(ofFile, format);
  // To qemu what stands before a colon is a protocol, unless a slash comes first.
  if (/^[^/]*:/.test(name)) return unknown(`its backing file has the name ${name}`);
  return { kind: 'file', path: name.startsWith('/') ? name : `${directory}/${name}`, format };
}

function unknown(reason: string): BackingTarget {
  return { kind: 'unknown', reason };
}

/** These are relative to the directory in which qemu was started, and nobody knows that. */
function absoluteFile(path: string, format: string | undefined): BackingTarget {
  if (path.startsWith('/')) return { kind: 'file', path, format };
  return unknown(`its backing file has the relative name ${path}`);
}

function describedFile(text: string): BackingTarget {
  try {
    return fileOfNode(JSON.parse(text)) ?? notUnderstood(text);
  } catch {
    // qemu takes more for JSON than JSON is.
    return notUnderstood(text);
  }
}

function notUnderstood(text: string): BackingTarget {
  return unknown(`the description of its backing file is not understood: ${text}`);
}

/** A format over a file, or a file; undefined where it is anything else, or names more than the file. */
function fileOfNode(node: unknown): BackingTarget | undefined {
  if (!isObject(node)) return undefined;
  const { driver, filename } = node;
  if (driver === 'file' || (driver === undefined && filename !== undefined)) {
    return typeof filename === 'string' ? absoluteFile(filename, undefined) : undefined;
  }
  const isFormat = driver === 'raw' || driver === 'qcow2';
  const namesMore = Object.keys(node).some((key) => /^(backing|data-file)(\.|$)/.test(key));
  if (!isFormat || namesMore) return undefined;
  const file = fileOfNode(node['file'] ?? flattened(node));
  return file?.kind === 'file' ? { ...file, format: driver } : file;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `{"file.filename": …}` is `{"file": {"filename": …}}`. */
function flattened(node: Readonly<Record<string, unknown>>): unknown {
  const prefix = 'file.';
  return Object.fromEntries(
    Object.entries(node)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value]),
  );
}

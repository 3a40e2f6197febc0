/** Finds a template by name, and says in which state it is. */
import { isHostError, PlatterError } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { templatesDirectory } from '../config/layout.ts';
import { inspectSeen } from '../ingress/gate.ts';
import { toolFormat } from '../inspector/inspect.ts';
import type { Violation } from '../inspector/violation.ts';
import type { FileStat } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import { isUntouched } from '../workspace/untouched.ts';
import { readRecord, type Recorded } from '../workspace/record.ts';
import type { Template, TemplateRecord } from './template.ts';

export type Lookup =
  | { readonly state: 'absent' }
  /** Recorded, but its file is gone: images may still lean on it. */
  | { readonly state: 'lost'; readonly record: Recorded<TemplateRecord> }
  /** A file that Nova made: platter has no record of it yet. */
  | { readonly state: 'foreign'; readonly path: string; readonly stat: FileStat }
  /** No file, and platter has no record of it. */
  | { readonly state: 'no file'; readonly path: string; readonly stat: FileStat }
  | {
      readonly state: 'present';
      readonly template: Template;
      readonly recordId: string;
      readonly stat: FileStat;
    };

export function templatePath(config: Config, name: string): string {
  return `${templatesDirectory(config)}/${name}`;
}

export async function lookUp(host: Host, config: Config, name: string): Promise<Lookup> {
  const path = templatePath(config, name);
  const record = await readTemplateRecord(host, config, name);
  const stat = await host.filesystem.stat(path).catch((error: unknown) => {
    if (isHostError(error, 'ENOENT')) return undefined;
    throw error;
  });
  if (stat === undefined) {
    return record === undefined ? { state: 'absent' } : { state: 'lost', record };
  }
  if (record === undefined) {
    return { state: stat.kind === 'file' ? 'foreign' : 'no file', path, stat };
  }
  return { state: 'present', template: { ...record.content, path }, recordId: record.id, stat };
}

async function readTemplateRecord({ filesystem }: Host, config: Config, name: string) {
  const record = await readRecord<TemplateRecord>(filesystem, templatesDirectory(config), name);
  if (record === undefined || isTemplateRecord(record.content)) return record;
  throw new PlatterError('CORRUPT', `the record of template "${name}" is none of a template`, {
    details: { name, recordId: record.id },
    hint: 'it was damaged or written by a newer platter; platter audit tells where it is',
  });
}

function isTemplateRecord(content: Readonly<Record<keyof TemplateRecord, unknown>>): boolean {
  const { virtualSizeBytes, fileSizeBytes, ...texts } = content;
  const { name, format, sha256, fileSha256, source, addedAt } = texts;
  return (
    [virtualSizeBytes, fileSizeBytes].every((size) => Number.isSafeInteger(size)) &&
    [name, format, sha256, fileSha256, source, addedAt].every((text) => typeof text === 'string')
  );
}

/**
 * Looks at the file of a template before a disk is made of it (B052): it has to be what was recorded, by its size and by
 * its own header. The content as a whole is the matter of `template verify`.
 */
export async function requireUnchanged(
  host: Host,
  config: Config,
  template: Template,
  stat: FileStat,
): Promise<void> {
  const { limits } = config;
  const inspection = await inspectSeen(host, template.path, stat, { limits });
  const isSame =
    stat.sizeBytes === template.fileSizeBytes &&
    inspection.safe &&
    toolFormat(inspection.format) === template.format &&
    inspection.virtualSizeBytes === template.virtualSizeBytes;
  if (isSame) return;
  const { format, virtualSizeBytes, violations } = inspection;
  throw templateChanged(template, {
    format,
    virtualSizeBytes,
    fileSizeBytes: stat.sizeBytes,
    violations,
    links: stat.links,
  });
}

type Recordings = Pick<Template, 'name' | 'path' | 'format' | 'virtualSizeBytes' | 'fileSizeBytes'>;

/**
 * Looks again at a template that no tool will open: whoever makes a disk that leans on it may have waited for a lock
 * since it was looked up.
 */
export async function requireInPlace({ filesystem }: Host, template: Recordings): Promise<void> {
  const stat = await filesystem.stat(template.path).catch((error: unknown) => {
    if (!isHostError(error, 'ENOENT')) throw error;
    throw templateGone(template.name);
  });
  if (stat.kind === 'file' && stat.sizeBytes === template.fileSizeBytes) return;
  throw templateChanged(template, { kind: stat.kind, fileSizeBytes: stat.sizeBytes });
}

export function templateGone(name: string): PlatterError {
  return new PlatterError('NOT_FOUND', `the file of template "${name}" is gone`, {
    hint: `platter template add ${name} SOURCE`,
  });
}

interface Found {
  readonly violations?: readonly Violation[];
  /** Number of its names. */
  readonly links?: number;
  readonly [fact: string]: unknown;
}

function templateChanged(template: Recordings, found: Found): PlatterError {
  const { name, path, format, virtualSizeBytes, fileSizeBytes } = template;
  const { violations = [], links = 1 } = found;
  const reasons = violations.map(({ message }) => message).join('; ');
  const text = `the file of template "${name}" ${reasons === '' ? 'has changed' : `cannot be used: ${reasons}`}`;
  return new PlatterError('TEMPLATE_CHANGED', text, {
    details: { path, recorded: { format, virtualSizeBytes, fileSizeBytes }, found },
    hint:
      links > 1
        ? `find its other names by find -samefile ${path}, and remove them or make copies of them`
        : `platter template verify ${name} compares its checksum`,
  });
}

/** A link, or a directory: neither can be used as a template, nor can another be added under its name. */
export function noTemplateFile(
  name: string,
  { path, stat: { kind } }: Extract<Lookup, { state: 'no file' }>,
): PlatterError {
  const what = { symlink: 'a symbolic link', directory: 'a directory' }[kind as string];
  return new PlatterError(
    'UNSAFE_IMAGE',
    `what stands in the place of template "${name}" is ${what ?? 'no regular file'}`,
    { details: { path, kind }, hint: `move ${path} away, or put the file itself there` },
  );
}

/** What was inspected, and its checksum taken, is what is there now. */
export function requireUntouched(before: FileStat, after: FileStat, name: string): void {
  if (isUntouched(before, after)) return;
  throw new PlatterError(
    'TEMPLATE_CHANGED',
    `the template "${name}" was changed while it was inspected`,
    { hint: 'somebody still writes to it: find out who does, and try again' },
  );
}

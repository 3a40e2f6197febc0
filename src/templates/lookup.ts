/** Finds a template by name, and says in which state it is. */
import { isHostError, PlatterError } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { templatesDirectory } from '../config/layout.ts';
import { inspectSeen } from '../ingress/gate.ts';
import { toolFormat } from '../inspector/inspect.ts';
import type { FileStat } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import { readRecord, type Recorded } from '../workspace/record.ts';
import type { Template, TemplateRecord } from './template.ts';

export type Lookup =
  | { readonly state: 'absent' }
  /** Recorded, but its file is gone: images may still lean on it. */
  | { readonly state: 'lost'; readonly record: Recorded<TemplateRecord> }
  /** A file that Nova made: platter has no record of it yet. */
  | { readonly state: 'foreign'; readonly path: string; readonly stat: FileStat }
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
    return stat.kind === 'file' ? { state: 'foreign', path, stat } : { state: 'absent' };
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
  throw new PlatterError(
    'TEMPLATE_CHANGED',
    `the file of template "${template.name}" has changed`,
    {
      details: {
        path: template.path,
        recorded: {
          format: template.format,
          virtualSizeBytes: template.virtualSizeBytes,
          fileSizeBytes: template.fileSizeBytes,
        },
        found: {
          format: inspection.format,
          virtualSizeBytes: inspection.virtualSizeBytes,
          fileSizeBytes: stat.sizeBytes,
          violations: inspection.violations,
        },
      },
      hint: `platter template verify ${template.name} compares its checksum`,
    },
  );
}

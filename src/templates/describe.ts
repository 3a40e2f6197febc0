/** Descriptions of templates for people and scripts. */
import type { Config } from '../config/config.ts';
import { inspectFile } from '../ingress/gate.ts';
import { toolFormat } from '../inspector/inspect.ts';
import type { Host } from '../ports/host.ts';
import type { Lookup } from './lookup.ts';
import type { Template, TemplateDescription } from './template.ts';

export function describeTemplate(
  template: Template,
  usedBy: readonly string[],
): TemplateDescription {
  const { name, format, path, virtualSizeBytes, fileSizeBytes, sha256, source, addedAt } = template;
  return { name, format, path, virtualSizeBytes, fileSizeBytes, sha256, source, addedAt, usedBy };
}

/** A template without a record: its header tells the format and the size, and nothing more is known. */
export async function describeForeign(
  host: Host,
  config: Config,
  name: string,
  found: Extract<Lookup, { state: 'foreign' }>,
  usedBy: readonly string[],
): Promise<TemplateDescription> {
  const inspection = await inspectFile(host, found.path, config.limits);
  return {
    name,
    format: toolFormat(inspection.format),
    path: found.path,
    virtualSizeBytes: inspection.virtualSizeBytes,
    fileSizeBytes: found.stat.sizeBytes,
    sha256: null,
    source: null,
    addedAt: null,
    usedBy,
  };
}

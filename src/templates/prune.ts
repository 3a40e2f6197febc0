/** Chooses the templates that may go: real use decides, age only delays. */
import { PlatterError } from '../errors.ts';
import type { Config } from '../config/config.ts';
import { templatesDirectory } from '../config/layout.ts';
import type { Host } from '../ports/host.ts';
import { areaPath, listDirectory } from '../workspace/area.ts';
import { statOrNothing } from '../workspace/once.ts';
import { receivedFile } from './drafts.ts';
import { partialSuffix } from './partial-download.ts';
import type { TemplateDescription } from './template.ts';

export interface PruneOptions {
  /** How long a template has to be unused. Default is `imageCache.minimumAgeSeconds`. */
  readonly unusedForSeconds?: number | undefined;
  readonly dryRun?: boolean | undefined;
}

export interface PruneResult {
  /** Names of the templates that were removed, or would be. */
  readonly removed: readonly string[];
  readonly freedBytes: number;
  readonly kept: readonly { readonly name: string; readonly reason: string }[];
}

export interface PruneCandidates {
  readonly remove: readonly TemplateDescription[];
  readonly kept: PruneResult['kept'];
}

/** What could not be removed after all is kept: somebody has begun to use it. `freedBytes` counts the templates. */
export async function removeCandidates(
  { remove, kept }: PruneCandidates,
  removeOne: (name: string) => Promise<void>,
): Promise<PruneResult> {
  const removed: TemplateDescription[] = [];
  const keptAfterAll = [...kept];
  for (const template of remove) {
    try {
      await removeOne(template.name);
      removed.push(template);
    } catch (error) {
      const isKept =
        PlatterError.is(error) && ['IN_USE', 'NOT_FOUND', 'LOCKED'].includes(error.code);
      if (!isKept) throw error;
      keptAfterAll.push({ name: template.name, reason: error.message });
    }
  }
  return {
    removed: removed.map(({ name }) => name),
    freedBytes: removed.reduce((sum, { fileSizeBytes }) => sum + fileSizeBytes, 0),
    kept: keptAfterAll,
  };
}

/** Downloads that nobody has continued for so long; resolves to the space that they take. */
export async function removePartialDownloads(
  { filesystem, clock }: Host,
  config: Config,
  { unusedForSeconds = config.imageCache.minimumAgeSeconds, dryRun = false }: PruneOptions,
): Promise<number> {
  let freedBytes = 0;
  const area = areaPath(templatesDirectory(config));
  for (const { name } of await listDirectory(filesystem, area)) {
    if (!name.endsWith(partialSuffix)) continue;
    const stat = await statOrNothing(filesystem, `${area}/${name}`);
    if (stat === undefined || clock.now() - stat.modifiedMs < unusedForSeconds * 1000) continue;
    const content = await statOrNothing(filesystem, `${area}/${name}/${receivedFile}`);
    if (!dryRun) await filesystem.removeTree(`${area}/${name}`);
    freedBytes += content?.allocatedBytes ?? 0;
  }
  return freedBytes;
}

export async function pruneCandidates(
  host: Host,
  config: Config,
  templates: readonly TemplateDescription[],
  { unusedForSeconds = config.imageCache.minimumAgeSeconds }: PruneOptions,
): Promise<PruneCandidates> {
  if (!Number.isFinite(unusedForSeconds) || unusedForSeconds < 0) {
    throw new PlatterError('INVALID_ARGUMENT', 'the age of unused templates is not valid', {
      details: { unusedForSeconds },
    });
  }
  const kept: { name: string; reason: string }[] = [];
  const unused: { template: TemplateDescription; lastUsedMs: number }[] = [];
  for (const template of templates) {
    const reason = whyKept(template);
    if (reason !== undefined) {
      kept.push({ name: template.name, reason });
      continue;
    }
    const stat = await statOrNothing(host.filesystem, template.path);
    // Somebody has removed it since it was listed.
    if (stat !== undefined) unused.push({ template, lastUsedMs: stat.modifiedMs });
  }
  unused.sort((a, b) => a.lastUsedMs - b.lastUsedMs);
  const now = host.clock.now();
  let totalBytes = templates.reduce((sum, { fileSizeBytes }) => sum + fileSizeBytes, 0);
  const remove: TemplateDescription[] = [];
  for (const { template, lastUsedMs } of unused) {
    const isOld = now - lastUsedMs >= unusedForSeconds * 1000;
    const isTooMuch = totalBytes > (config.imageCache.maximumBytes ?? Infinity);
    // Somebody who has just put one there is about to use it, and takes no lease.
    if (isOld || (isTooMuch && !isForeign(template))) {
      remove.push(template);
      totalBytes -= template.fileSizeBytes;
    } else {
      kept.push({
        name: template.name,
        reason: `used ${Math.round((now - lastUsedMs) / 1000)} s ago`,
      });
    }
  }
  return { remove, kept };
}

function isForeign({ addedAt }: TemplateDescription): boolean {
  return addedAt === null;
}

/** As Nova names what it fetches and converts, until it is whole. */
const unfinished = /\.(part|converted)$/;

function whyKept(template: TemplateDescription): string | undefined {
  if (template.usedBy.length > 0) return `used by ${template.usedBy.join(', ')}`;
  if (isForeign(template) && unfinished.test(template.name)) return 'somebody may still write it';
  return undefined;
}

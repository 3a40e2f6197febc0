/** Reads the store: what there is, who leans on it, and whether it is still what it was. */
import type { Config } from '../config/config.ts';
import { templatesDirectory } from '../config/layout.ts';
import { PlatterError } from '../errors.ts';
import { isName } from '../names.ts';
import type { OperationOptions } from '../operations/perform.ts';
import { throwIfCanceled } from '../ingress/pump.ts';
import type { Host } from '../ports/host.ts';
import { listDirectory } from '../workspace/area.ts';
import type { TemplateCopies } from './copies.ts';
import { isMarkedDamaged, markDamaged, removeDamageMark } from './damage.ts';
import { describeForeign, describeTemplate } from './describe.ts';
import { lookUp, noTemplateFile, templatePath, type Lookup } from './lookup.ts';
import type { TemplateDescription } from './template.ts';
import { backingReferences, usersOf } from './users.ts';

type Found = Extract<Lookup, { state: 'present' | 'foreign' }>;

/** NOT_FOUND when there is no such template. */
export async function findInStore(host: Host, config: Config, name: string): Promise<Found> {
  const found = await lookUp(host, config, name);
  if (found.state === 'present' || found.state === 'foreign') return found;
  if (found.state === 'no file') throw noTemplateFile(name, found);
  const message =
    found.state === 'lost'
      ? `the file of template "${name}" is gone`
      : `there is no template "${name}"`;
  throw new PlatterError('NOT_FOUND', message, { hint: 'platter template list' });
}

export async function showTemplate(
  host: Host,
  config: Config,
  copies: TemplateCopies,
  name: string,
): Promise<TemplateDescription> {
  const found = await findInStore(host, config, name);
  const users = await usersOf(host.filesystem, config, templatePath(config, name));
  const usedBy = users.map(({ image }) => image);
  return describe(host, config, copies, name, { found, usedBy });
}

/** Sorted by name. */
export async function listTemplates(
  host: Host,
  config: Config,
  copies: TemplateCopies,
): Promise<readonly TemplateDescription[]> {
  const { filesystem } = host;
  const references = await backingReferences(filesystem, config);
  const descriptions: TemplateDescription[] = [];
  for (const { name, kind } of await listDirectory(filesystem, templatesDirectory(config))) {
    if (kind !== 'file' || !isName('template', name)) continue;
    const found = await lookUpOrWarn(host, config, name);
    if (found?.state !== 'present' && found?.state !== 'foreign') continue;
    const users = await usersOf(filesystem, config, templatePath(config, name), references);
    const usedBy = users.map(({ image }) => image);
    const described = await describe(host, config, copies, name, { found, usedBy }).catch(
      (error: unknown) => {
        if (!isGone(error, templatePath(config, name))) throw error;
        return undefined;
      },
    );
    if (described !== undefined) descriptions.push(described);
  }
  return descriptions;
}

/** Somebody has removed it since it was listed. */
function isGone(error: unknown, path: string): boolean {
  if (!PlatterError.is(error)) return false;
  return error.details['errno'] === 'ENOENT' && error.details['path'] === path;
}

/** One damaged record must not hide the other templates; showing it tells what is wrong. */
async function lookUpOrWarn(host: Host, config: Config, name: string) {
  try {
    return await lookUp(host, config, name);
  } catch (error) {
    if (!PlatterError.is(error) || error.code !== 'CORRUPT') throw error;
    host.events.emit({ type: 'warning', message: `template ${name}: ${error.message}` });
    return undefined;
  }
}

async function describe(
  host: Host,
  config: Config,
  copies: TemplateCopies,
  name: string,
  { found, usedBy }: { found: Found; usedBy: readonly string[] },
): Promise<TemplateDescription> {
  if (found.state === 'foreign') return describeForeign(host, config, name, found, usedBy);
  const more = await copies.usersOf(found.template, { ifAway: 'warn' });
  return describeTemplate(found.template, [...usedBy, ...more].sort());
}

/** Reads the whole file: CHECKSUM_MISMATCH when it is not what was recorded, and nobody makes disks of it from then on. */
export async function verifyTemplate(
  host: Host,
  config: Config,
  found: Extract<Lookup, { state: 'present' }>,
  { signal, onProgress }: OperationOptions,
): Promise<void> {
  const { template, stat } = found;
  const foundSha256 = await host.digests
    .sha256File(template.path, {
      signal,
      onProgress: (done) => onProgress?.({ phase: 'checksum', done, total: stat.sizeBytes }),
    })
    .catch((error: unknown) => {
      throwIfCanceled(signal);
      throw error;
    });
  if (foundSha256 === template.fileSha256) {
    const { filesystem } = host;
    const isMarked = await isMarkedDamaged(filesystem, config, found);
    // Whoever may only read can verify all the others.
    return isMarked ? removeDamageMark(filesystem, config, template.name) : undefined;
  }
  await markDamaged(host, config, found);
  throw new PlatterError(
    'CHECKSUM_MISMATCH',
    `the file of template "${template.name}" is damaged`,
    {
      details: { path: template.path, recordedSha256: template.fileSha256, foundSha256 },
      hint: 'images that lean on it read the damage too; restore the file from a backup',
    },
  );
}

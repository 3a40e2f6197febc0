/**
 * Templates that were found damaged: `<name>.damaged` in the store's private area, with the id of the record that they
 * belong to. By that a mark is void once the template is another, whoever has replaced it and however far that came.
 */
import type { Config } from '../config/config.ts';
import { templatesDirectory } from '../config/layout.ts';
import { isHostError, PlatterError } from '../errors.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import type { Host } from '../ports/host.ts';
import { areaPath, listDirectory } from '../workspace/area.ts';
import { unlinkOnce, writeOwnText } from '../workspace/once.ts';
import { lookUp, type Lookup } from './lookup.ts';

const suffix = '.damaged';

type Present = Extract<Lookup, { state: 'present' }>;

export function damageMark(name: string): string {
  return `${name}${suffix}`;
}

function markPath(config: Config, name: string): string {
  return `${areaPath(templatesDirectory(config))}/${damageMark(name)}`;
}

/** Durably: nobody makes disks of it from here on. What cannot be marked is told all the same. */
export async function markDamaged(
  { filesystem, events }: Host,
  config: Config,
  { template: { name }, recordId }: Present,
): Promise<void> {
  try {
    await writeOwnText(filesystem, markPath(config, name), recordId);
    await filesystem.syncDirectory(areaPath(templatesDirectory(config)));
  } catch (error) {
    if (!isHostError(error)) throw error;
    const message = `cannot note that template ${name} is damaged: ${error.message}`;
    events.emit({ type: 'warning', message });
  }
}

export async function isMarkedDamaged(
  filesystem: Filesystem,
  config: Config,
  { template: { name }, recordId }: Present,
): Promise<boolean> {
  try {
    return (await filesystem.readText(markPath(config, name))) === recordId;
  } catch (error) {
    if (isHostError(error, 'ENOENT')) return false;
    throw error;
  }
}

/** It is whole, or it is gone. */
export function removeDamageMark(
  filesystem: Filesystem,
  config: Config,
  name: string,
): Promise<void> {
  return unlinkOnce(filesystem, markPath(config, name));
}

/** TEMPLATE_CHANGED where it was found damaged and has not been found whole since. */
export async function requireUndamaged(
  { filesystem }: Host,
  config: Config,
  found: Present,
): Promise<void> {
  if (!(await isMarkedDamaged(filesystem, config, found))) return;
  const { name, path } = found.template;
  throw new PlatterError('TEMPLATE_CHANGED', `the file of template "${name}" was found damaged`, {
    details: { path },
    hint: `restore the file from a backup, and have it looked at again: platter template verify ${name}`,
  });
}

/** Those of templates that are others by now, or gone. */
export async function removeVoidMarks(host: Host, config: Config): Promise<void> {
  for (const entry of await listDirectory(host.filesystem, areaPath(templatesDirectory(config)))) {
    if (!entry.name.endsWith(suffix)) continue;
    const name = entry.name.slice(0, -suffix.length);
    // Of a record that cannot be read audit tells.
    const found = await lookUp(host, config, name).catch(() => undefined);
    if (found === undefined) continue;
    const isOfThis =
      found.state === 'present' && (await isMarkedDamaged(host.filesystem, config, found));
    if (!isOfThis) await removeDamageMark(host.filesystem, config, name);
  }
}

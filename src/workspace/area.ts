/**
 * The private area `.platter` of a directory that platter shares with Nova (an instance's, or the templates').
 *
 *   <name>.record/<id>.json   what `<directory>/<name>` is (record.ts)
 *   <name>~<id>.work/         what operation <id> on <name> has in hand; <taker><maker> once it is taken over (workspace.ts)
 *   <name>~<id>.export/       the workspace of an export that could not be cleared up from where it was found
 *   <name>.damaged            the template <name> was found damaged (templates/damage.ts)
 *   <name>~<id>.lease         somebody builds on <name> (templates/leases.ts)
 *   <name>.snapshots/         snapshots of a flat image (images/flat)
 *
 * Names hold no `~`, so that no two of these can be mistaken for one another. Nova ignores names with a leading dot.
 */
import { isHostError, PlatterError } from '../errors.ts';
import type { DirectoryEntry, Filesystem } from '../ports/filesystem.ts';
import { statOrNothing } from './once.ts';

/** Others may remove an empty directory between two of our steps; more often than this, something is wrong. */
const attemptsMax = 10;

const probePrefix = '.platter-probe~';

export function areaPath(directory: string): string {
  return `${directory}/.platter`;
}

export function recordPath(directory: string, name: string): string {
  return `${areaPath(directory)}/${name}.record`;
}

export function workPath(directory: string, name: string, id: string): string {
  return `${areaPath(directory)}/${name}~${id}.work`;
}

export function keptExportPath(directory: string, name: string, id: string): string {
  return `${areaPath(directory)}/${name}~${id}.export`;
}

/** What the export was of; undefined for any other entry. */
export function keptExportName(entry: string): string | undefined {
  return /^([^~]+)~[0-9a-f]+\.export$/.exec(entry)?.[1];
}

export function leasePath(directory: string, name: string, id: string): string {
  return `${areaPath(directory)}/${name}~${id}.lease`;
}

/** Files that only try something out; in the directory itself, which may have no area. */
export function isProbe(name: string): boolean {
  return name.startsWith(probePrefix);
}

export function probePath(directory: string, id: string): string {
  return `${directory}/${probePrefix}${id}`;
}

/** Those of processes that died of it. Whoever is trying something at this moment tries again. */
export async function removeProbes(filesystem: Filesystem, directory: string): Promise<void> {
  for (const { name } of await listDirectory(filesystem, directory)) {
    if (isProbe(name)) await filesystem.removeTree(`${directory}/${name}`);
  }
}

export function snapshotsPath(directory: string, name: string): string {
  return `${areaPath(directory)}/${name}.snapshots`;
}

/** Makes `path` and what is missing above it; what it made is durable. */
export async function makeDirectories(filesystem: Filesystem, path: string): Promise<void> {
  for (let attempt = 0; attempt < attemptsMax; attempt += 1) {
    try {
      await filesystem.makeDirectory(path);
      await filesystem.syncDirectory(parentOf(path));
      return;
    } catch (error) {
      if (isHostError(error, 'EEXIST') && (await isDirectory(filesystem, path, error))) return;
      if (!isHostError(error, 'ENOENT', 'EEXIST') || path === '/') throw error;
      await makeDirectories(filesystem, parentOf(path));
    }
  }
  const parent = parentOf(path);
  if ((await statOrNothing(filesystem, parent)) !== undefined) {
    throw new PlatterError('PERMISSION_DENIED', `no directory can be made in ${parent}`, {
      details: { path },
      hint: 'choose another instances path',
    });
  }
  throw new PlatterError(
    'LOCKED',
    'cannot make a directory: its parent is removed again and again',
    {
      details: { path },
    },
  );
}

/** False when it is gone again; INVALID_ARGUMENT when something else stands there. */
async function isDirectory(filesystem: Filesystem, path: string, cause: unknown): Promise<boolean> {
  const stat = await statOrNothing(filesystem, path);
  if (stat === undefined) return false;
  const { kind } = stat;
  if (kind === 'directory') return true;
  if (kind === 'symlink') {
    if ((await statOrNothing(filesystem, `${path}/.`)) !== undefined) return true;
    throw new PlatterError('NOT_FOUND', `${path} is a link to what is not there`, {
      details: { path },
      hint: 'mount what it leads to, or name another directory',
      cause,
    });
  }
  throw new PlatterError('INVALID_ARGUMENT', 'a file stands where a directory is needed', {
    details: { path, kind },
    hint: 'move it away, or choose another instances path',
    cause,
  });
}

/** What is in a directory; nothing when there is no directory. */
export async function listDirectory(
  filesystem: Filesystem,
  path: string,
): Promise<readonly DirectoryEntry[]> {
  try {
    return await filesystem.readDirectory(path);
  } catch (error) {
    if (isHostError(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Names of directories in a directory, and of links to some: somebody may have moved one to where there is more room. */
export async function listDirectories(
  filesystem: Filesystem,
  path: string,
): Promise<readonly string[]> {
  const names: string[] = [];
  for (const { name, kind } of await listDirectory(filesystem, path)) {
    const isOne = kind === 'symlink' && (await leadsToDirectory(filesystem, `${path}/${name}`));
    if (kind === 'directory' || isOne) names.push(name);
  }
  return names;
}

async function leadsToDirectory(filesystem: Filesystem, path: string): Promise<boolean> {
  try {
    await filesystem.readDirectory(path);
    return true;
  } catch (error) {
    if (isHostError(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return false;
    throw error;
  }
}

/** Removes a directory when it is there and empty; resolves to whether it did. */
export async function removeIfEmpty(filesystem: Filesystem, path: string): Promise<boolean> {
  try {
    await filesystem.removeDirectory(path);
    return true;
  } catch (error) {
    // Neither a symbolic link to it is removed, nor what something is mounted on.
    if (isHostError(error, 'ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EBUSY')) return false;
    throw error;
  }
}

/** Removes the area and its directory where nothing is in them any more: whoever needs them makes them again. */
export async function tidy(filesystem: Filesystem, directory: string): Promise<void> {
  try {
    await filesystem.removeDirectory(areaPath(directory));
  } catch (error) {
    if (isHostError(error, 'ENOTEMPTY', 'EEXIST')) return;
    if (!isHostError(error, 'ENOENT')) throw error;
  }
  await removeIfEmpty(filesystem, directory);
}

export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

export function baseNameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Who leans on templates: the backing files that the images on disk really name, whatever any record says. */
import type { Config } from '../config/config.ts';
import { templatesDirectory } from '../config/layout.ts';
import { isHostError } from '../errors.ts';
import { qcow2HeaderEnds, readQcow2Header } from '../inspector/formats/qcow2-header.ts';
import { openFileReader } from '../inspector/reader.ts';
import { isName } from '../names.ts';
import type { Filesystem } from '../ports/filesystem.ts';
import { baseNameOf, listDirectories, listDirectory, parentOf } from '../workspace/area.ts';

export interface BackingReference {
  /** `<instance>/<disk>` */
  readonly image: string;
  readonly path: string;
  /** Absolute path of the backing file, as the image names it; undefined where nobody can tell what it leans on. */
  readonly backingPath: string | undefined;
}

/** Every file below the instances path that names a backing file. */
export async function backingReferences(
  filesystem: Filesystem,
  config: Config,
): Promise<readonly BackingReference[]> {
  const references: BackingReference[] = [];
  for (const { directory, file, isLink } of await instanceFiles(filesystem, config)) {
    const path = `${config.instancesPath}/${directory}/${file}`;
    if (isLink) {
      references.push({ image: `${directory}/${file}`, path, backingPath: undefined });
      continue;
    }
    const backing = await readBackingName(filesystem, path);
    if (backing === undefined) continue;
    const backingPath = backing.startsWith('/') ? backing : `${parentOf(path)}/${backing}`;
    references.push({ image: `${directory}/${file}`, path, backingPath });
  }
  return references;
}

/** Files in the directories of instances, also of those that Nova has renamed (`<instance>_resize`), and links to some. */
async function instanceFiles(filesystem: Filesystem, config: Config) {
  const files: { directory: string; file: string; isLink: boolean }[] = [];
  for (const directory of await listDirectories(filesystem, config.instancesPath)) {
    if (!isName('instance', directory)) continue;
    if (directory === config.imageCache.subdirectoryName) continue;
    for (const { name, kind } of await listDirectory(
      filesystem,
      `${config.instancesPath}/${directory}`,
    )) {
      const isLink = kind === 'symlink';
      if ((kind === 'file' || isLink) && isName('disk', name)) {
        files.push({ directory, file: name, isLink });
      }
    }
  }
  return files;
}

async function readBackingName(filesystem: Filesystem, path: string): Promise<string | undefined> {
  try {
    const file = await filesystem.openRead(path, qcow2HeaderEnds);
    try {
      const header = await readQcow2Header(openFileReader(file));
      return header?.backingFile?.name;
    } finally {
      file.close();
    }
  } catch (error) {
    // Removed since the directory was read: it leans on nothing any more.
    if (isHostError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The images that lean on the file at `path`, also through others; sorted, as `<instance>/<disk>`. */
export async function usersOf(
  filesystem: Filesystem,
  config: Config,
  path: string,
  references?: readonly BackingReference[],
): Promise<readonly string[]> {
  const all = references ?? (await backingReferences(filesystem, config));
  const users = new Set<string>();
  let targets = [path];
  while (targets.length > 0) {
    const found: BackingReference[] = [];
    for (const reference of all) {
      if (users.has(reference.image)) continue;
      if (await namesOneOf(filesystem, config, reference.backingPath, targets)) {
        found.push(reference);
      }
    }
    found.forEach(({ image }) => users.add(image));
    targets = found.map((reference) => reference.path);
  }
  return [...users].sort();
}

/**
 * Whether a backing path means one of the files: the same path, the same file by another path, or a path that leads
 * nowhere from here but ends like a template's (a directory that is mounted elsewhere today). When in doubt it does:
 * a template that is kept for nothing costs space, one that is missing costs disks.
 */
async function namesOneOf(
  filesystem: Filesystem,
  config: Config,
  backingPath: string | undefined,
  targets: readonly string[],
): Promise<boolean> {
  if (backingPath === undefined) return true;
  if (targets.includes(backingPath)) return true;
  const stat = await statOrNothing(filesystem, backingPath);
  for (const target of targets) {
    if (stat === undefined) {
      const isTemplate = parentOf(target) === templatesDirectory(config);
      const ending = `/${config.imageCache.subdirectoryName}/${baseNameOf(target)}`;
      if (isTemplate && backingPath.endsWith(ending)) return true;
    } else {
      const other = await statOrNothing(filesystem, target);
      if (other?.device === stat.device && other.inode === stat.inode) return true;
    }
  }
  return false;
}

async function statOrNothing(filesystem: Filesystem, path: string) {
  return filesystem.stat(path).catch((error: unknown) => {
    if (isHostError(error)) return undefined;
    throw error;
  });
}

/**
 * Every file in the directories of instances, whatever its name, as disks go by many: beside platter's and Nova's own
 * there are snapshots that libvirt or an operator has made. What cannot be looked into is told, with the reason.
 */
import type { Config } from '../config/config.ts';
import { locksDirectory, templatesDirectory } from '../config/layout.ts';
import { isHostError } from '../errors.ts';
import type { DirectoryEntry, Filesystem } from '../ports/filesystem.ts';
import { areaPath, listDirectory } from '../workspace/area.ts';

export interface InstanceFile {
  /** Below the instances path: `vm1/disk`. */
  readonly name: string;
  readonly path: string;
  /** Why nobody can tell what is in it. */
  readonly doubt?: string;
}

/** Nobody nests disks deeper, and links may lead in circles. */
const depthMost = 8;

/**
 * Of all directories below the instances path, also of those that Nova has renamed (`<instance>_resize`), and of links to
 * some: somebody may have moved one to where there is more room.
 */
export async function instanceFiles(
  filesystem: Filesystem,
  config: Config,
): Promise<readonly InstanceFile[]> {
  const walk = new Walk(filesystem, config.instancesPath);
  for (const entry of await listDirectory(filesystem, config.instancesPath)) {
    const path = `${config.instancesPath}/${entry.name}`;
    if (path === templatesDirectory(config) || path === locksDirectory(config)) continue;
    // Of the filesystem itself: copies that it keeps of all that there was, and what fsck has found.
    if (entry.name.startsWith('.') || entry.name === 'lost+found') continue;
    if (entry.kind === 'directory')
      await walk.list(entry.name, await listDirectory(filesystem, path));
    if (entry.kind === 'symlink') await walk.followLink(entry.name, { isInstance: true });
  }
  return walk.files;
}

class Walk {
  readonly files: InstanceFile[] = [];
  readonly #filesystem: Filesystem;
  readonly #root: string;
  /** Directories to which links have led, by device and inode. */
  readonly #linked = new Set<string>();

  constructor(filesystem: Filesystem, root: string) {
    this.#filesystem = filesystem;
    this.#root = root;
  }

  async list(directory: string, entries: readonly DirectoryEntry[]): Promise<void> {
    for (const { name: entry, kind } of entries) {
      const name = `${directory}/${entry}`;
      const path = `${this.#root}/${name}`;
      // What platter has in hand keeps its template by a lease.
      if (path === areaPath(`${this.#root}/${directory}`)) continue;
      if (kind === 'file') this.files.push({ name, path });
      if (kind === 'symlink') await this.followLink(name, { isInstance: false });
      if (kind === 'directory') await this.#enter(name);
    }
  }

  /** A link in the place of an instance may lead to a file, which is none; below, nobody knows what that is. */
  async followLink(name: string, { isInstance }: { isInstance: boolean }): Promise<void> {
    try {
      // By the dot the link is followed.
      const { device, inode } = await this.#filesystem.stat(`${this.#root}/${name}/.`);
      if (this.#linked.has(`${device}:${inode}`)) return;
      this.#linked.add(`${device}:${inode}`);
    } catch (error) {
      if (!isHostError(error)) throw error;
      if (error.code !== 'ENOTDIR') this.#doubt(name, 'it is a link that leads nowhere');
      else if (!isInstance) this.#doubt(name, 'it is a symbolic link');
      return;
    }
    await this.#enter(name);
  }

  async #enter(name: string): Promise<void> {
    if (name.split('/').length > depthMost) return this.#doubt(name, 'it lies too deep');
    try {
      await this.list(name, await listDirectory(this.#filesystem, `${this.#root}/${name}`));
    } catch (error) {
      if (!isHostError(error, 'EACCES', 'EPERM')) throw error;
      this.#doubt(name, `it cannot be read (${error.code})`);
    }
  }

  #doubt(name: string, doubt: string): void {
    this.files.push({ name, path: `${this.#root}/${name}`, doubt });
  }
}

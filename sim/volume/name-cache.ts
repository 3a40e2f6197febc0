/**
 * What an NFS client believes, mounted as by default: it goes by what it knows of a name for as long as it takes the
 * directory for unchanged, and tells attributes that it knows of a file for a moment. It asks the server where a name is
 * to be made, where a directory is opened, and where what it knows of turns out to be gone (fixtures/nfs-6.1).
 */
import type { FileStat } from '../../src/ports/filesystem.ts';
import { errno } from './errno.ts';
import type { Inode } from './inode.ts';
import type { Place, Tree } from './tree.ts';

/** `acdirmin` and `acregmin`, by default. */
const directoryFreshUs = 30_000_000;
const fileFreshUs = 3_000_000;

/**
 * `seen`: to look at it. `believed`: to open it. `asked`: to make it. `given`: to take the name away, which the server does
 * to whatever has it, once the client believes that there is something.
 */
export type LookupGoal = 'seen' | 'believed' | 'asked' | 'given';

interface KnownDirectory {
  /** How often it had changed when the server was asked last. */
  changes: number;
  untilUs: number;
  readonly names: Map<string, Inode | undefined>;
}

/** Those of the hosts of a world. */
export class NameCaches {
  readonly #tree: Tree;
  readonly #nowUs: () => number;
  readonly #ofHosts = new Map<number, NameCache>();

  constructor(tree: Tree, nowUs: () => number) {
    this.#tree = tree;
    this.#nowUs = nowUs;
  }

  of(host: number): NameCache {
    const known = this.#ofHosts.get(host) ?? new NameCache(this.#tree, this.#nowUs);
    this.#ofHosts.set(host, known);
    return known;
  }

  /** It was started anew. */
  forget(host: number): void {
    this.#ofHosts.delete(host);
  }
}

export class NameCache {
  readonly #tree: Tree;
  readonly #nowUs: () => number;
  readonly #directories = new Map<Inode, KnownDirectory>();
  readonly #attributes = new Map<Inode, { readonly stat: FileStat; readonly untilUs: number }>();

  constructor(tree: Tree, nowUs: () => number) {
    this.#tree = tree;
    this.#nowUs = nowUs;
  }

  place(path: string, goal: LookupGoal): Place {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    let directory = this.#tree.root;
    for (const part of parts.slice(1)) {
      const child = this.#lookUp(directory, part);
      if (child === undefined) throw errno('ENOENT', path);
      if (child.kind !== 'directory') throw errno('ENOTDIR', path);
      directory = child;
    }
    const inode = name === '' ? directory : this.#reach(directory, name, goal);
    const { link } = directory;
    if (link === undefined) throw errno('ESTALE', path);
    return { parent: link, directory, name, inode, path: this.#tree.pathOf(link, name) };
  }

  #reach(directory: Inode, name: string, goal: LookupGoal): Inode | undefined {
    if (goal === 'asked') return this.#ask(directory, name);
    const { names } = this.#fresh(directory);
    if (goal === 'seen' && names.has(name)) return names.get(name);
    const believed = this.#lookUp(directory, name);
    return goal === 'given' && believed !== undefined ? this.#ask(directory, name) : believed;
  }

  #lookUp(directory: Inode, name: string): Inode | undefined {
    const known = this.#fresh(directory);
    const inode = known.names.get(name);
    // The handle of what is gone is stale: then the server is asked by the name.
    const isKnown = inode === undefined ? known.names.has(name) : inode.links > 0;
    return isKnown ? inode : this.#ask(directory, name);
  }

  #ask(directory: Inode, name: string): Inode | undefined {
    const inode = this.#tree.child(directory, name);
    this.open(directory).names.set(name, inode);
    return inode;
  }

  #fresh(directory: Inode): KnownDirectory {
    const known = this.#directories.get(directory);
    return known === undefined || known.untilUs < this.#nowUs() ? this.open(directory) : known;
  }

  /** The server is asked whether it has changed: then every name is looked up anew. */
  open(directory: Inode): KnownDirectory {
    const known = this.#directories.get(directory);
    const names = known?.changes === directory.changes ? known.names : new Map();
    const untilUs = this.#nowUs() + directoryFreshUs;
    const asked = { changes: directory.changes, untilUs, names };
    this.#directories.set(directory, asked);
    return asked;
  }

  /** This client has changed a name: it hears whether it was the only one. */
  changed(directory: Inode, name: string, inode: Inode | undefined): void {
    const known = this.#directories.get(directory);
    const isAlone = known?.changes === directory.changes - 1;
    if (isAlone) known.changes = directory.changes;
    this.open(directory).names.set(name, inode);
  }

  /** As it was, if that is not long ago. */
  attributes(inode: Inode, now: () => FileStat): FileStat {
    const known = this.#attributes.get(inode);
    if (known !== undefined && known.untilUs >= this.#nowUs()) return known.stat;
    const stat = now();
    this.#attributes.set(inode, { stat, untilUs: this.#nowUs() + fileFreshUs });
    return stat;
  }

  /** This client has opened or changed it. */
  forget(inode: Inode): void {
    this.#attributes.delete(inode);
  }
}

/**
 * The tree of a simulated volume and its small files. memfs keeps them: its links are the names, its nodes hold the
 * texts. What it gets wrong is decided before it is asked (the rules of Linux, volume.ts); what it lacks is in `Inode`.
 *
 * Its core is used without its file API, whose paths, descriptors and dates cost more than all the rest of a run.
 */
import { Superblock, type Link, type Node } from '@jsonjoy.com/fs-core';
import { memoizeByText } from '../memoize.ts';
import { errno } from './errno.ts';
import type { Device } from './device.ts';
import type { Inode, InodeKind } from './inode.ts';

const nameMaxBytes = 255;

const typeBits: Readonly<Record<InodeKind, number>> = {
  file: 0o100_000,
  directory: 0o040_000,
  symlink: 0o120_000,
  other: 0o010_000,
};

/** A directory and a name in it, which stands for something or not. */
export interface Place {
  readonly parent: Link;
  readonly directory: Inode;
  readonly name: string;
  readonly inode: Inode | undefined;
  /** Where it is: not how one came there, where an NFS client goes by old names (name-cache.ts). */
  readonly path: string;
}

const inodeKey = Symbol('inode');

/** A node of memfs that knows what stands behind it: every path leads through several of them. */
type KnownNode = Node & { [inodeKey]?: Inode };

function inodeOf(link: Link): Inode {
  return (link.getNode() as KnownNode)[inodeKey] as Inode;
}

function know(node: Node, inode: Inode): void {
  (node as KnownNode)[inodeKey] = inode;
}

const split = memoizeByText((path): readonly string[] => path.split('/'));

export class Tree {
  #superblock = new Superblock();
  #nextNumber = 1;
  readonly root: Inode;

  constructor() {
    this.root = this.create('directory', 0o755);
    this.root.links = 1;
    this.#setRoot();
  }

  #setRoot(): void {
    this.root.node = this.#superblock.root.getNode();
    this.root.link = this.#superblock.root;
    know(this.root.node, this.root);
  }

  /** An inode without a name. */
  create(kind: InodeKind, mode: number, device?: Device): Inode {
    const node = this.#superblock.createNode(typeBits[kind] | mode);
    const inode: Inode = {
      number: this.#nextNumber++,
      kind,
      node,
      link: undefined,
      mode,
      modifiedMs: 0,
      links: 0,
      device,
      payload: undefined,
      durable: undefined,
      isDirty: false,
      isDropped: false,
      dirtyHost: 0,
      reservedBytes: 0,
      isClone: false,
      changes: 0,
      durableNames: new Map(),
      pendingNames: new Map(),
      readers: 0,
      writers: 0,
    };
    know(node, inode);
    return inode;
  }

  /** Where a path leads; ENOENT or ENOTDIR when a directory on the way is missing or is none. */
  place(path: string): Place {
    const parts = split(path);
    const last = parts.length - 1;
    let parent: Link = this.#superblock.root;
    for (let index = 1; index < last; index += 1) {
      const child = parent.children.get(parts[index] as string);
      if (child === undefined) throw errno('ENOENT', path);
      if (inodeOf(child).kind !== 'directory') throw errno('ENOTDIR', path);
      parent = child;
    }
    const name = parts[last] as string;
    const directory = inodeOf(parent);
    if (name === '') return { parent, directory, name, inode: directory, path };
    if (name.length > nameMaxBytes) throw errno('ENAMETOOLONG', path);
    const link = parent.children.get(name);
    const inode = link === undefined ? undefined : inodeOf(link);
    return { parent, directory, name, inode, path };
  }

  pathOf(parent: Link, name: string): string {
    let path = `/${name}`;
    let at: Link | undefined = parent;
    while (at !== undefined && at !== this.#superblock.root) {
      path = `/${at.getName()}${path}`;
      at = at.parent;
    }
    return path;
  }

  attach({ parent, name }: Place, inode: Inode): void {
    const link = parent.createChild(name, inode.node);
    if (inode.kind === 'directory') inode.link = link;
    inode.links += 1;
  }

  detach({ parent, name }: Place): void {
    const link = parent.children.get(name);
    if (link === undefined) return;
    inodeOf(link).links -= 1;
    parent.deleteChild(link);
  }

  /** Moves a name over whatever the other name stood for; a directory takes along what is in it. */
  move(from: Place, to: Place): void {
    const link = from.parent.children.get(from.name);
    if (link === undefined) return;
    if (to.inode !== undefined) this.detach(to);
    from.parent.deleteChild(link);
    link.name = to.name;
    to.parent.setChild(to.name, link);
    link.syncSteps();
  }

  /** Names in a directory with what they stand for. */
  children(directory: Inode): readonly (readonly [string, Inode])[] {
    const found: [string, Inode][] = [];
    for (const [name, link] of directory.link?.children ?? []) {
      if (name !== '.' && name !== '..' && link !== undefined) found.push([name, inodeOf(link)]);
    }
    return found;
  }

  child(directory: Inode, name: string): Inode | undefined {
    const link = directory.link?.children.get(name);
    return link === undefined ? undefined : inodeOf(link);
  }

  /** Makes the names anew from what a power cut has left of each directory. */
  rebuild(namesOf: (directory: Inode) => ReadonlyMap<string, Inode>): void {
    this.#superblock = new Superblock();
    this.#setRoot();
    const forgetLinks = (directory: Inode) => {
      for (const inode of namesOf(directory).values()) {
        inode.links = 0;
        if (inode.kind === 'directory') forgetLinks(inode);
      }
    };
    forgetLinks(this.root);
    const attachAll = (directory: Inode, parent: Link) => {
      for (const [name, inode] of namesOf(directory)) {
        const link = parent.createChild(name, inode.node);
        inode.links += 1;
        if (inode.kind !== 'directory') continue;
        inode.link = link;
        attachAll(inode, link);
      }
    };
    attachAll(this.root, this.#superblock.root);
  }
}

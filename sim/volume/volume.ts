/**
 * A simulated filesystem: the rules of Linux over the tree that memfs keeps, with space that runs out, and with the
 * difference between what can be seen and what a power cut leaves.
 *
 * Not modelled: permissions of users other than root, access times, symbolic links on the way of a path, extended
 * attributes. See fixtures/coreutils-9.1 for what was recorded of real ones.
 */
import { blockBytes, wholeBlocks } from './content.ts';
import { writeDevice } from './device.ts';
import { errno } from './errno.ts';
import { fileBytes, heldAs, heldBytes, textContent, type FileContent } from './file-content.ts';
import type { Held, Inode, InodeKind } from './inode.ts';
import { Qcow2Images } from './qcow2-images.ts';
import type { LookupGoal, NameCache } from './name-cache.ts';
import { Tree, type Place } from './tree.ts';
import type { VolumeChange, VolumeOptions } from './volume-change.ts';

export class Volume {
  readonly options: VolumeOptions;
  readonly images = new Qcow2Images();
  /** For what a power cut leaves (power-cut.ts), for nodes of devices (device.ts), and for NFS clients (name-cache.ts). */
  readonly tree = new Tree();
  #usedBytes = 0;
  #order = 0;
  /** Told of every change of a name or a content, after it happened. */
  onChange: ((change: VolumeChange) => void) | undefined;
  /** fsync does nothing on a disk that lies. */
  liesAboutSyncs = false;
  isReadOnly = false;
  capacityBytes: number;
  /** Stamped on what changes: the clock of whoever serves the files, and the host that changes them. */
  nowMs = 0;
  actingHost = 0;
  /** What whoever acts believes of the names; undefined where each is looked up. */
  client: NameCache | undefined;

  constructor(options: VolumeOptions) {
    this.options = options;
    this.capacityBytes = options.capacityBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  #place(path: string, goal: LookupGoal): Place {
    return this.client === undefined ? this.tree.place(path) : this.client.place(path, goal);
  }

  /** What a path stands for; ENOENT when it stands for nothing. */
  find(path: string, goal: LookupGoal = 'believed'): Inode {
    const { inode } = this.#place(path, goal);
    if (inode === undefined) throw errno('ENOENT', path);
    return inode;
  }

  findFile(path: string): Inode {
    const inode = this.find(path);
    if (inode.kind === 'directory') throw errno('EISDIR', path);
    if (inode.kind === 'symlink') throw errno('ELOOP', path);
    return inode;
  }

  /** Undefined instead of an error, for looking on from outside of the simulation. */
  peek(path: string): Inode | undefined {
    try {
      return this.#place(path, 'believed').inode;
    } catch {
      return undefined;
    }
  }

  list(path: string): readonly (readonly [string, Inode])[] {
    const place = this.#place(path, 'believed');
    if (place.inode === undefined) throw errno('ENOENT', path);
    if (place.inode.kind !== 'directory') throw errno('ENOTDIR', path);
    this.client?.open(place.inode);
    return this.tree.children(place.inode);
  }

  create(path: string, kind: InodeKind, mode: number, held?: Held): Inode {
    this.#requireWritable(path);
    const place = this.#place(path, 'asked');
    if (place.inode !== undefined) throw errno('EEXIST', path);
    const inode = this.tree.create(kind, mode);
    if (kind === 'directory') this.#use(blockBytes, path);
    inode.modifiedMs = this.nowMs;
    if (held !== undefined) this.#hold(inode, held, path);
    this.#attach(place, inode);
    return inode;
  }

  removeDirectory(path: string): void {
    this.#requireWritable(path);
    const place = this.#place(path, 'given');
    const { inode } = place;
    if (inode === undefined) throw errno('ENOENT', path);
    if (inode.kind !== 'directory') throw errno('ENOTDIR', path);
    if (this.tree.children(inode).length > 0) throw errno('ENOTEMPTY', path);
    this.#detach(place, inode);
    this.#use(-blockBytes, path);
  }

  unlink(path: string): void {
    this.#requireWritable(path);
    const place = this.#place(path, 'given');
    const { inode } = place;
    if (inode === undefined) throw errno('ENOENT', path);
    if (inode.kind === 'directory') throw errno('EISDIR', path);
    this.#detach(place, inode);
    this.#release(inode);
  }

  link(source: string, target: string): void {
    this.#requireWritable(target);
    const inode = this.find(source);
    const place = this.#place(target, 'asked');
    if (place.inode !== undefined) throw errno('EEXIST', target);
    if (inode.kind === 'directory') throw errno('EPERM', source);
    this.#attach(place, inode);
  }

  rename(source: string, target: string): void {
    this.#requireWritable(source);
    const from = this.#place(source, 'given');
    if (from.inode === undefined) throw errno('ENOENT', source);
    const to = this.#place(target, 'asked');
    // Two names of one file: nothing happens (and both stay).
    if (to.inode === from.inode) return;
    if (from.inode.kind === 'directory') {
      if (`${target}/`.startsWith(`${source}/`)) throw errno('EINVAL', target);
      if (to.inode !== undefined && to.inode.kind !== 'directory') throw errno('ENOTDIR', target);
      if (to.inode !== undefined && this.tree.children(to.inode).length > 0) {
        throw errno('ENOTEMPTY', target);
      }
    } else if (to.inode?.kind === 'directory') throw errno('EISDIR', target);
    this.tree.move(from, to);
    const order = this.#order++;
    const movedTo = { directory: to.directory, name: to.name };
    from.directory.pendingNames.set(from.name, { order, movedTo });
    to.directory.pendingNames.set(to.name, { order, movedTo: undefined });
    if (to.inode !== undefined) this.#release(to.inode);
    this.#changed(from, undefined);
    this.#changed(to, from.inode);
    this.#tell('vanish', from.path, from.inode);
    this.#tell('appear', to.path, from.inode);
  }

  #attach(place: Place, inode: Inode): void {
    this.tree.attach(place, inode);
    place.directory.pendingNames.set(place.name, { order: this.#order++, movedTo: undefined });
    this.#changed(place, inode);
    this.#tell('appear', place.path, inode);
  }

  #detach(place: Place, inode: Inode): void {
    this.tree.detach(place);
    place.directory.pendingNames.set(place.name, { order: this.#order++, movedTo: undefined });
    this.#changed(place, undefined);
    this.#tell('vanish', place.path, inode);
  }

  #changed({ directory, name }: Place, inode: Inode | undefined): void {
    directory.changes += 1;
    this.client?.changed(directory, name, inode);
  }

  #tell(kind: VolumeChange['kind'], path: string, inode: Inode, before?: Held): void {
    this.onChange?.({ kind, path, inode, before });
  }

  /** The content of a file as a payload, whatever it is kept as. */
  content(inode: Inode): FileContent {
    if (inode.device !== undefined) return inode.device.read();
    return inode.payload ?? textContent(inode.node.getString());
  }

  text(inode: Inode): string | undefined {
    return inode.payload === undefined ? inode.node.getString() : undefined;
  }

  sizeBytes(inode: Inode): number {
    if (inode.payload !== undefined) return fileBytes(inode.payload);
    return inode.kind === 'file' ? inode.node.getSize() : 0;
  }

  allocatedBytes(inode: Inode): number {
    if (inode.kind !== 'file') return inode.kind === 'directory' ? blockBytes : 0;
    const { payload, node, reservedBytes } = inode;
    // By its size, not by reading it: this is asked at each look at a file.
    const held = payload === undefined ? wholeBlocks(node.getSize()) : heldBytes(payload);
    return Math.max(reservedBytes, held);
  }

  /** Keeps space for the start of a file; ENOSPC when there is not so much left. */
  reserve(inode: Inode, bytes: number, path: string): void {
    this.#requireWritable(path);
    this.#use(Math.max(0, bytes - this.allocatedBytes(inode)), path);
    inode.reservedBytes = Math.max(inode.reservedBytes, bytes);
  }

  /** Gives back what is not held. */
  unreserve(inode: Inode): void {
    const before = this.allocatedBytes(inode);
    inode.reservedBytes = 0;
    this.#usedBytes += this.allocatedBytes(inode) - before;
  }

  /** Changes what a file holds; ENOSPC when there is no room for it, and then nothing is changed. */
  setContent(inode: Inode, held: Held, path: string): void {
    if (inode.device !== undefined) return writeDevice(inode.device, held, path);
    const before = this.#held(inode);
    this.#hold(inode, held, path);
    inode.modifiedMs = this.nowMs;
    this.#tell('content', path, inode, before);
  }

  #held(inode: Inode): Held {
    return inode.payload ?? inode.node.getString();
  }

  #hold(inode: Inode, value: Held, path: string): void {
    const held = heldAs(value);
    const after = Math.max(inode.reservedBytes, heldBytes(held));
    if (!inode.isClone) this.#use(after - this.allocatedBytes(inode), path);
    if (typeof held === 'string') {
      inode.payload = undefined;
      inode.node.setString(held);
    } else inode.payload = held;
    inode.isDirty = true;
    inode.dirtyHost = this.actingHost;
    this.client?.forget(inode);
  }

  requireRoom(bytes: number, path: string): void {
    if (bytes > 0 && this.#usedBytes + bytes > this.capacityBytes) throw errno('ENOSPC', path);
  }

  #use(bytes: number, path: string): void {
    this.requireRoom(bytes, path);
    this.#usedBytes += bytes;
  }

  #release(inode: Inode): void {
    if (inode.links > 0 || inode.kind === 'directory' || inode.isClone) return;
    this.#usedBytes -= this.allocatedBytes(inode);
  }

  /** A file that shares the extents of another. */
  clone(source: Inode, target: string): void {
    this.#requireWritable(target);
    const place = this.#place(target, 'asked');
    if (place.inode !== undefined) throw errno('EEXIST', target);
    if (!this.options.hasReflinks) throw errno('EOPNOTSUPP', target);
    const inode = this.tree.create('file', source.mode);
    inode.isClone = true;
    inode.modifiedMs = this.nowMs;
    this.#hold(inode, this.#held(source), target);
    this.#attach(place, inode);
  }

  #requireWritable(path: string): void {
    if (this.isReadOnly) throw errno('EROFS', path);
  }

  sync(inode: Inode): void {
    if (this.liesAboutSyncs) return;
    if (inode.device !== undefined) return inode.device.sync();
    if (inode.isDropped) return;
    inode.durable = this.#held(inode);
    inode.isDirty = false;
  }

  /** What a rename has moved out of a directory has its new name when its removal is durable: they are one change. */
  syncDirectory(path: string): void {
    const { inode: directory } = this.#place(path, 'believed');
    if (directory === undefined) throw errno('ENOENT', path);
    if (directory.kind !== 'directory') throw errno('ENOTDIR', path);
    if (this.liesAboutSyncs || directory.pendingNames.size === 0) return;
    for (const [name, { movedTo }] of directory.pendingNames) {
      if (movedTo !== undefined) this.#settleMove(movedTo.directory, movedTo.name);
      const inode = this.tree.child(directory, name);
      if (inode === undefined) directory.durableNames.delete(name);
      else directory.durableNames.set(name, inode);
    }
    directory.pendingNames.clear();
  }

  #settleMove(directory: Inode, name: string): void {
    const inode = directory.pendingNames.has(name) ? this.tree.child(directory, name) : undefined;
    if (inode === undefined) return;
    directory.durableNames.set(name, inode);
    directory.pendingNames.delete(name);
  }

  /** After a power cut: what it has left takes so much space. */
  recounted(usedBytes: number): void {
    this.#usedBytes = usedBytes;
  }
}

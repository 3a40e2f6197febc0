/**
 * What a power cut leaves of a volume. What was synced stays; of the rest, each thing may or may not be there, within
 * what the persistence profile allows:
 *
 * - `strict`: names become durable in the order of their changes, and the content of a file that was not synced is there
 *   as a whole or not at all (ext4 and XFS as they are mounted by default).
 * - `posix-min`: any name may be there without any other, a rename may leave both names of a file, and a content may be
 *   there in length only, or in part.
 *
 * In both, a rename never loses both names of a file, and a directory is never in two places.
 */
import { blockBytes, resize, type RawContent } from './content.ts';
import { fileBytes, type FileContent } from './file-content.ts';
import type { Held, Inode } from './inode.ts';
import type { Volume } from './volume.ts';

export type PersistenceProfile = 'strict' | 'posix-min';

/** Which of so many possibilities; 0 is "everything was durable after all". */
export type ChooseState = (options: number) => number;

export function cutPower(volume: Volume, profile: PersistenceProfile, choose: ChooseState): void {
  const names = chooseNames(volume, profile, choose);
  volume.tree.rebuild((directory) => names.get(directory) ?? directory.durableNames);
  const left = new Set<Inode>();
  collect(volume.tree.root, names, left);
  for (const inode of left) {
    if (inode.kind === 'directory') settleNames(inode, names);
    else settleContent(inode, profile, choose);
    inode.readers = 0;
    inode.writers = 0;
  }
  volume.recounted(usedBytesOf(volume));
}

function usedBytesOf(volume: Volume): number {
  let used = 0;
  const visit = (directory: Inode) => {
    for (const inode of directory.durableNames.values()) {
      if (inode.kind === 'directory') {
        used += blockBytes;
        visit(inode);
      } else if (!inode.isClone) used += volume.allocatedBytes(inode) / Math.max(1, inode.links);
    }
  };
  visit(volume.tree.root);
  return used;
}

type Names = Map<Inode, Map<string, Inode>>;

/** For every directory that can be reached, the names that are left in it. */
function chooseNames(volume: Volume, profile: PersistenceProfile, choose: ChooseState): Names {
  const lastOrder = profile === 'strict' ? chooseOrder(volume, choose) : Infinity;
  const names: Names = new Map();
  const kept = new Set<Inode>();
  const visit = (directory: Inode) => {
    const left = new Map(directory.durableNames);
    for (const [name, { order, movedTo }] of directory.pendingNames) {
      const isLeft = profile === 'strict' ? order <= lastOrder : choose(2) === 0;
      if (!isLeft) continue;
      const inode = volume.tree.child(directory, name);
      if (inode !== undefined) left.set(name, inode);
      else if (movedTo?.directory === directory) {
        left.delete(name);
        const moved = movedWithin(directory, movedTo.name, volume);
        if (moved !== undefined) left.set(...moved);
      } else if (movedTo === undefined || keepsNewName(movedTo, names, volume)) left.delete(name);
    }
    names.set(directory, left);
    for (const [name, inode] of left) {
      if (inode.kind !== 'directory') continue;
      // A directory that was moved is where it is found first.
      if (kept.has(inode)) left.delete(name);
      else {
        kept.add(inode);
        visit(inode);
      }
    }
  };
  visit(volume.tree.root);
  return names;
}

/** The name that something has in its directory now, after however many renames there; undefined where it is there no more. */
function movedWithin(
  directory: Inode,
  name: string,
  volume: Volume,
): readonly [string, Inode] | undefined {
  const inode = volume.tree.child(directory, name);
  if (inode !== undefined) return [name, inode];
  const next = directory.pendingNames.get(name)?.movedTo;
  return next?.directory === directory ? movedWithin(directory, next.name, volume) : undefined;
}

/** Whether the new name of what was moved will be there: else its old one stays. */
function keepsNewName(
  { directory, name }: { directory: Inode; name: string },
  names: Names,
  volume: Volume,
): boolean {
  const chosen = names.get(directory);
  if (chosen !== undefined) return chosen.has(name);
  // Its directory comes later, or is gone: make sure that the new name is chosen there.
  const inode = volume.tree.child(directory, name);
  if (inode === undefined) return true;
  directory.durableNames.set(name, inode);
  directory.pendingNames.delete(name);
  return true;
}

function chooseOrder(volume: Volume, choose: ChooseState): number {
  const orders: number[] = [];
  const visit = (directory: Inode) => {
    for (const { order } of directory.pendingNames.values()) orders.push(order);
    for (const [, inode] of volume.tree.children(directory)) {
      if (inode.kind === 'directory') visit(inode);
    }
  };
  visit(volume.tree.root);
  orders.sort((a, b) => b - a);
  // 0 keeps all; n loses the last n changes.
  return orders[choose(orders.length + 1)] ?? -1;
}

function collect(directory: Inode, names: Names, found: Set<Inode>): void {
  found.add(directory);
  for (const inode of (names.get(directory) ?? directory.durableNames).values()) {
    if (inode.kind === 'directory') collect(inode, names, found);
    else found.add(inode);
  }
}

function settleNames(directory: Inode, names: Names): void {
  const left = names.get(directory) ?? new Map(directory.durableNames);
  directory.durableNames.clear();
  for (const [name, inode] of left) directory.durableNames.set(name, inode);
  directory.pendingNames.clear();
}

function settleContent(inode: Inode, profile: PersistenceProfile, choose: ChooseState): void {
  if (inode.isDirty) {
    const states = contentStates(inode, profile);
    const state = states[choose(states.length)] as Held;
    if (typeof state === 'string') {
      inode.payload = undefined;
      inode.node.setString(state);
    } else inode.payload = state;
  }
  inode.durable = inode.payload ?? inode.node.getString();
  inode.isDirty = false;
  inode.isDropped = false;
}

/** The present content first, then what else may be left. */
function contentStates(inode: Inode, profile: PersistenceProfile): readonly Held[] {
  const present: Held = inode.payload ?? inode.node.getString();
  const durable: Held = inode.durable ?? '';
  if (profile === 'strict') return [present, durable];
  if (typeof present === 'string') {
    return [present, durable, '\0'.repeat(present.length), present.slice(0, present.length / 2)];
  }
  // What was durable of a file that is changed in place is not lost: at worst what was written since is missing. No
  // recorded power loss leaves an image unreadable that was readable before (fixtures/qemu-img-7.2/power-loss-*.json).
  if (typeof durable !== 'string' && durable.kind === present.kind) {
    return present.kind === 'raw' && durable.kind === 'raw'
      ? [present, durable, resize(durable, present.sizeBytes)]
      : [present, durable];
  }
  return [present, durable, lengthOnly(present), torn(present)];
}

function lengthOnly(content: FileContent): RawContent {
  return { kind: 'raw', sizeBytes: fileBytes(content), extents: [] };
}

/** Half of it: of an image with tables, one that says so. */
function torn(content: FileContent): FileContent {
  if (content.kind === 'qcow2') return { ...content, damage: 'torn' };
  return resize(content, Math.floor(content.sizeBytes / 2));
}

/** A host loses power that keeps its files on a server: names are the server's, but contents it had not sent are gone. */
export function loseMemoryOf(volume: Volume, host: number, choose: ChooseState): void {
  const visit = (directory: Inode) => {
    for (const [, inode] of volume.tree.children(directory)) {
      if (inode.kind === 'directory') visit(inode);
      else if (inode.isDirty && inode.dirtyHost === host) settleContent(inode, 'posix-min', choose);
    }
  };
  visit(volume.tree.root);
}

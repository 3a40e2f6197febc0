/** What the invariants on records have in common: a record tells of nothing that somebody else has put in the place. */
import { mayHaveLostDrafts } from '../model/lost-workspace.ts';
import type { Model } from '../model/model.ts';
import type { Inode } from '../volume/inode.ts';

/** `tell` returns what is kept of a path; undefined where there is nothing. */
export function toldOfOthers(
  model: Model,
  put: Iterable<readonly [path: string, inode: Inode]>,
  tell: (path: string) => unknown,
): string | undefined {
  if (mayHaveLostDrafts(model)) return undefined;
  for (const [path, inode] of put) {
    if (model.world.volume.peek(path) !== inode) continue;
    const told = tell(path);
    if (told === undefined) continue;
    return `${path} was put there by somebody else, and is recorded as ${JSON.stringify(told)}`;
  }
  return undefined;
}

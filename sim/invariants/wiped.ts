import { describeRun, isTakenApart } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import { perModel } from '../model/per-model.ts';
import { hasDiskFiles } from '../scenarios/scenario.ts';
import type { RawContent } from '../volume/content.ts';
import type { FileContent } from '../volume/file-content.ts';
import type { Inode } from '../volume/inode.ts';

export const wiped: Invariant = {
  id: 'wiped',
  description:
    'a file that is removed so as to be wiped holds nothing of a guest or a template any more',
  onChange(model, { kind, meaning, inode, run }) {
    if (kind !== 'vanish' || meaning.kind === 'template' || !hasDiskFiles(model.scenario.backend))
      return undefined;
    const { address } = meaning;
    // A machine that was started since the last look for one writes on.
    if (model.openByGuests.has(inode)) return undefined;
    if (run?.spec.kind !== 'destroy' || run.spec.subject !== address) return undefined;
    if (run.spec.wipe === true) takenOf(model).set(inode, address);
    // After a power cut it had its name again, and that is what takes it.
    else takenOf(model).delete(inode);
    return undefined;
  },
  onDone(model, run) {
    if (run.spec.wipe !== true || !run.isAlone) return undefined;
    const isLeftWhole = [...takenOf(model)].some(
      ([inode, address]) => address === run.spec.subject && holdsBytes(model, inode, address),
    );
    return isLeftWhole ? `after ${describeRun(run)} its content is there` : undefined;
  },
  onRecovered(model) {
    for (const [inode, address] of takenOf(model)) {
      if (holdsBytes(model, inode, address)) return `${address} is removed, and was not wiped`;
    }
    return undefined;
  },
};

/** What has lost its name, and whose it was. */
const takenOf = perModel(() => new Map<Inode, string>());

/**
 * Unless it has its name again, after a power cut or for it could not be removed; or somebody has removed it by hand, with
 * all that its instance had, before it was wiped.
 */
function holdsBytes(model: Model, inode: Inode, address: string): boolean {
  const { disks, world } = model;
  const view = disks.get(address);
  if (view?.inode === inode || isTakenApart(model, address)) return false;
  return layersOf(world.volume.content(inode)).some(({ extents }) => extents.some(isOfGuest));
}

/** Guests and templates write literal bytes. */
function isOfGuest({ source, from, length }: RawContent['extents'][number]): boolean {
  if (typeof source === 'number') return false;
  return source.subarray(from, from + length).some((byte) => byte !== 0);
}

function layersOf(content: FileContent): readonly RawContent[] {
  if (content.kind === 'raw') return [content];
  return [content.layer, ...content.snapshots.map(({ layer }) => layer)];
}

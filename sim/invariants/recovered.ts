import type { Model } from '../model/model.ts';
import type { Invariant } from '../model/invariant.ts';
import { lockTable } from '../locks.ts';
import { isBesideForeign, leadsToForeign } from '../model/foreign-files.ts';
import { directoriesOf } from '../model/layout.ts';

export const recovered: Invariant = {
  id: 'recovered',
  description:
    'after recovery disks are sound and recorded, and nothing half-made and no lock is left',
  onRecovered(model) {
    const leftovers = filesOf(model).filter((path) =>
      /\.(work|lease|lease-draft)$|probe~/.test(path),
    );
    leftovers.push(...model.store.leftovers());
    if (leftovers.length > 0) return `left over: ${leftovers.join(', ')}`;
    for (const address of model.disks.keys()) {
      if (model.state(address)?.isSound !== true) return `${address} is damaged`;
    }
    return undefined;
  },
};

export const nothingLeft: Invariant = {
  id: 'nothing-left',
  description: 'when everything that was made is removed, nothing is left, and no space is used',
  onEnd(model) {
    const left = [
      ...filesOf(model).filter(
        (path) => !mayStay(path) && !isEmptied(model, path) && !isOfForeign(model, path),
      ),
      ...model.store.leftovers(),
      ...model.store.remains(),
    ];
    if (left.length > 0) return `left over: ${left.join(', ')}`;
    for (const [key, { believers }] of lockTable(model.world)) {
      // Locks of the dead are taken by whoever needs them.
      if ([...believers].some(({ process }) => process.isAlive)) return `the lock ${key} is left`;
    }
    return undefined;
  },
};

/**
 * Of a disk that somebody else put where one was being made. By the workspace of the making recovery tells that the record
 * is not that file's; one that was cut twice, or by the power, may not have it any more.
 */
function isOfForeign({ world, scenario, faults }: Model, path: string): boolean {
  if (leadsToForeign(world, path)) return true;
  if (!isBesideForeign(world, path)) return false;
  if (scenario.losesPowerAtEnd === true || faults.length > 1) return true;
  return faults.some(({ kind }) => kind === 'cut power');
}

/** Broken downloads are kept to be continued, and space is for what gives space back; directories of the store and of locks stay. */
function mayStay(path: string): boolean {
  return /^\/i\d*\/(_base(\/\.platter)?|locks|\.platter-reserve)$|\.partial(\/.*)?$/.test(path);
}

/** Whoever dies between making the directory of an instance and making something in it leaves it empty. */
function isEmptied(model: Model, path: string): boolean {
  const { volume } = model.world;
  const isInstance = /^\/i\d*\/[^/]+$/.test(path);
  if (!isInstance || volume.peek(path)?.kind !== 'directory') return false;
  return volume.list(path).length === 0 && model.faults.length > 0;
}

function filesOf(model: Model): readonly string[] {
  return directoriesOf(model.scenario).flatMap((directory) => filesUnder(model, directory));
}

function filesUnder(model: Model, root: string): readonly string[] {
  const { volume } = model.world;
  const found: string[] = [];
  const visit = (directory: string) => {
    for (const [name, inode] of volume.list(directory)) {
      const path = `${directory}/${name}`;
      found.push(path);
      if (inode.kind === 'directory') visit(path);
    }
  };
  visit(root);
  return found;
}

import { foreignFiles as filesOf } from '../model/foreign-files.ts';
import type { Invariant } from '../model/invariant.ts';
import { diskPath } from '../model/layout.ts';
import type { Model } from '../model/model.ts';
import type { OperationRun } from '../model/operation-run.ts';

export const foreignFiles: Invariant = {
  id: 'foreign-file',
  description:
    'a file that somebody else has put where a disk was to be is neither replaced, changed nor removed',
  onDone: (model) => check(model),
  onFailed: (model) => check(model),
  onPowerCut: (model) => check(model),
  onRecovered: (model) => check(model),
  onEnd: (model) => check(model),
};

function check(model: Model): string | undefined {
  const { world, runs } = model;
  const { volume } = world;
  for (const [address, { inode, content, step }] of filesOf(world)) {
    if (runs.some((run) => mayDestroy(run, address, step))) continue;
    const now = volume.peek(diskPath(address));
    if (now === undefined) return `the file at ${address} is gone`;
    if (now !== inode) return `the file at ${address} is another one`;
    if (volume.content(inode) !== content) return `the file at ${address} is not what it was`;
  }
  return undefined;
}

/** Who asks for the removal of a disk gets that, whoever has made it. */
function mayDestroy(
  { spec: { kind, subject }, endedStep = Infinity }: OperationRun,
  address: string,
  step: number,
): boolean {
  return kind === 'destroy' && subject === address && endedStep >= step;
}

import { isTakenApart } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import { perModel } from '../model/per-model.ts';
import { touches, type OperationRun } from '../model/operation-run.ts';
import { keepsContent } from '../model/touched.ts';
import { same } from './outcome.ts';

export const durability: Invariant = {
  id: 'durability',
  description:
    'what was acknowledged survives a power cut: disks, their contents, sizes and snapshots',
  onChange(model, { meaning, run }) {
    if (meaning.kind === 'template' || run === undefined) return undefined;
    const { changed } = seen(model);
    changed.set(run, (changed.get(run) ?? new Set()).add(meaning.address));
    return undefined;
  },
  onInterrupted(model, run) {
    const { struck } = seen(model);
    const step = model.world.gate.steps;
    for (const address of run.addresses ?? []) {
      const isInnocent = !model.unsettled.has(address) && !mayHaveChanged(model, run, address);
      struck.push({ step, address, isInnocent });
    }
    return undefined;
  },
  onPowerCut(model, before) {
    for (const [address, state] of before) {
      if (isExcused(model, address)) continue;
      const after = model.state(address);
      if (after === undefined) return `${address} does not survive a power cut`;
      const wrong = same(after, state);
      if (wrong !== undefined) return `after a power cut ${address} is not what it was: ${wrong}`;
    }
    for (const address of model.disks.keys()) {
      const isKnown = before.has(address) || model.unsettled.has(address);
      if (isKnown || model.runs.some((run) => touches(run, address) && run.outcome !== 'done'))
        continue;
      return `${address} is back after a power cut, though it was destroyed`;
    }
    return undefined;
  },
};

interface Seen {
  /** Disks that each operation has changed so far. */
  readonly changed: WeakMap<OperationRun, Set<string>>;
  /** Operations that were cut off, at which step, and whether they had done nothing yet. */
  readonly struck: { step: number; address: string; isInnocent: boolean }[];
}

const seen = perModel((): Seen => ({ changed: new WeakMap(), struck: [] }));

/** What a guest has not synced may go; an operation that has only begun changes nothing of what was there before. */
function mayHaveChanged(model: Model, run: OperationRun, address: string): boolean {
  const isWide = run.addresses === undefined || run.spec.kind === 'guest write';
  if (isWide && run.outcome !== 'done') return true;
  return seen(model).changed.get(run)?.has(address) === true;
}

/** What a disk leans on may come back that was not gone durably yet. */
function losesStore({ runs }: Model): boolean {
  return runs.some(({ spec, outcome }) => spec.kind === 'remove store' && outcome !== 'done');
}

/** Who changed it was interrupted by the cut, or before it, or works on elsewhere; or nobody knows how far `rm -r` came. */
function isExcused(model: Model, address: string): boolean {
  if (isTakenApart(model, address) || losesStore(model)) return true;
  const step = model.world.gate.steps;
  const now = seen(model).struck.filter((one) => one.address === address && one.step === step);
  if (model.unsettled.has(address) && !(now.length > 0 && now.every((one) => one.isInnocent))) {
    return true;
  }
  // It may say that it was finished: what it could not sync was not acknowledged.
  const last = model.runs.findLast(
    (run) => touches(run, address) && mayHaveChanged(model, run, address),
  );
  if (last?.outcome === 'failed') return true;
  // Nor was what a guest that died had not synced, by whoever has changed something else since.
  const written = model.runs.findLast(
    (run) =>
      touches(run, address) && mayHaveChanged(model, run, address) && !keepsContent(run.spec),
  );
  if (written?.outcome === 'interrupted' && written.spec.kind === 'guest write') return true;
  return model.runs.some(
    (run) =>
      run.outcome === 'running' && touches(run, address) && mayHaveChanged(model, run, address),
  );
}

import { describeRun } from '../model/expected.ts';
import type { Invariant, MeantChange } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import type { OperationRun } from '../model/operation-run.ts';
import { isUnknown } from '../model/touched.ts';
import { bytesOf } from '../model/view.ts';
import { slice, type RawContent } from '../volume/content.ts';

export const inUse: Invariant = {
  id: 'in-use',
  description: 'a disk that a machine has open is neither removed, nor replaced, nor changed',
  onStep(model, process, name, subject) {
    if (name !== 'executor.run' && process.parent === undefined) return undefined;
    const run = model.runOf(process);
    if (run === undefined) return undefined;
    if (name === 'executor.run' && asksNobody.test(subject)) overwriting.add(run);
    else if (name === 'executor.run') overwriting.delete(run);
    if (!overwriting.has(run)) lastOfTools.set(run, model.world.portCalls);
    return undefined;
  },
  onChange(model, change) {
    const { kind, meaning, run, inode, replaced } = change;
    if (meaning.kind !== 'disk' || run === undefined || run.spec.kind === 'guest write')
      return undefined;
    const disk = kind === 'appear' ? replaced?.inode : inode;
    const openedAt = disk === undefined ? undefined : model.openByGuests.get(disk);
    // A tool finds out whether a machine has it. One that is started after that is beyond finding.
    if (openedAt === undefined || openedAt > (lastOfTools.get(run) ?? -1)) return undefined;
    const isStillIt = model.store.view(meaning.address)?.inode === disk;
    // Another name for what is there is no replacement; what has lost its name is the machine's alone.
    if (isStillIt === (kind !== 'content')) return undefined;
    if (model.store.growsWhileOpen && isGrowth(model, change)) return undefined;
    return `${meaning.address} is open in a machine, and changed (${kind}) by ${describeRun(run)}`;
  },
};

/** When a tool of an operation that can find it out took its last step. */
const lastOfTools = new WeakMap<OperationRun, number>();
/** Those whose tool writes without asking. */
const overwriting = new WeakSet<OperationRun>();
/** A machine that has not written yet has no exclusive lock that a roll back would meet. */
const asksNobody = /^rbd .* (bench --io-type write|snap rollback) /;

/** Sizes before the operations that whoever recovers the disk may carry through. */
function brokenOff({ runs, unsettled }: Model, address: string): readonly number[] {
  if (!unsettled.has(address)) return [];
  return runs
    .filter(({ addresses }) => addresses?.[0] === address)
    .filter(({ outcome, error }) => outcome === 'interrupted' || (error && isUnknown(error)))
    .flatMap(({ before }) => (before === undefined ? [] : [before.sizeBytes]));
}

/** What is behind the size that the disk had before it was grown is nobody's yet. */
function isGrowth(model: Model, { kind, inode, before, run, meaning }: MeantChange): boolean {
  const after = model.world.volume.content(inode);
  if (kind !== 'content' || typeof before !== 'object' || before.kind !== 'raw') return false;
  if (after.kind !== 'raw') return false;
  const address = meaning.kind === 'disk' ? meaning.address : '';
  const kept = Math.min(
    before.sizeBytes,
    run?.before?.sizeBytes ?? 0,
    ...brokenOff(model, address),
  );
  const start = (content: RawContent) => bytesOf(slice(content, 0, kept));
  return after.sizeBytes >= before.sizeBytes && start(before) === start(after);
}

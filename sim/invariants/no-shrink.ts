import { describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import { guestContent } from '../model/view.ts';

export const noShrink: Invariant = {
  id: 'no-shrink',
  description: 'no disk ever becomes smaller, unless a snapshot of a smaller one is brought back',
  onChange(model, { kind, meaning, run, before, replaced }) {
    if (meaning.kind !== 'disk' || kind === 'vanish') return undefined;
    const earlier = kind === 'content' ? before : replaced?.content;
    if (earlier === undefined || typeof earlier === 'string') return undefined;
    const { volume } = model.world;
    const sizeBefore = guestContent(volume, earlier).sizeBytes;
    const size = model.state(meaning.address)?.sizeBytes ?? 0;
    if (size >= sizeBefore || run?.spec.kind === 'restore snapshot') return undefined;
    // Finishing somebody else's.
    if (model.isRestored(meaning.address)) return undefined;
    if (kind === 'appear' && model.isReplaced(meaning.address)) return undefined;
    const who = run === undefined ? '' : ` by ${describeRun(run)}`;
    return `${meaning.address} shrinks from ${sizeBefore} to ${size} bytes${who}`;
  },
};

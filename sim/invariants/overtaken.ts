import { describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import type { OperationRun } from '../model/operation-run.ts';

export const overtaken: Invariant = {
  id: 'overtaken',
  description:
    'who stood still until another had its lock, dealt with what it had begun, and was done, changes nothing any more',
  onStep(model, process, name, subject) {
    const run = model.runOf(process);
    if (run === undefined || model.store.fencesOff !== true) return undefined;
    if (name === 'locks.write record') takes(seen(model), run, subject);
    // Before that it has only looked, or will look again.
    if (name === 'filesystem.makeDirectory' && subject.endsWith('.work'))
      seen(model).begun.add(run);
    if (name === 'locks.remove record') seen(model).holders.get(subject)?.delete(run);
    return undefined;
  },
  onDone(model, run) {
    const { holders, begun, overtakes, late } = seen(model);
    for (const { slower, lock } of overtakes.get(run) ?? []) {
      if (holders.get(lock)?.has(slower) !== true || !begun.has(slower)) continue;
      late.set(slower, (late.get(slower) ?? new Set()).add(lock));
    }
    return undefined;
  },
  onChange(model, { kind, meaning, run }) {
    if (run === undefined || meaning.kind !== 'disk') return undefined;
    const lock = `/i/locks/image~${meaning.address.replace('/', '~')}`;
    if (seen(model).late.get(run)?.has(lock) !== true) return undefined;
    return `${meaning.address} is changed (${kind}) by ${describeRun(run)}, which was overtaken`;
  },
};

interface Seen {
  /** Who took a lock, and has not given it back. */
  readonly holders: Map<string, Set<OperationRun>>;
  /** Who has something in hand. */
  readonly begun: Set<OperationRun>;
  /** Of those who took a lock that somebody else had. */
  readonly overtakes: Map<OperationRun, { slower: OperationRun; lock: string }[]>;
  /** The locks of which each is overtaken. */
  readonly late: Map<OperationRun, Set<string>>;
}

const seenBy = new WeakMap<Model, Seen>();

function seen(model: Model): Seen {
  const known = seenBy.get(model) ?? {
    holders: new Map<string, Set<OperationRun>>(),
    begun: new Set<OperationRun>(),
    overtakes: new Map<OperationRun, { slower: OperationRun; lock: string }[]>(),
    late: new Map<OperationRun, Set<string>>(),
  };
  seenBy.set(model, known);
  return known;
}

function takes({ holders, overtakes }: Seen, run: OperationRun, lock: string): void {
  const others = holders.get(lock) ?? new Set();
  holders.set(lock, others);
  for (const slower of others) {
    if (slower === run || slower.outcome !== 'running') continue;
    overtakes.set(run, [...(overtakes.get(run) ?? []), { slower, lock }]);
  }
  others.add(run);
}

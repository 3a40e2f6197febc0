import { describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import type { OperationRun } from '../model/operation-run.ts';
import { perModel } from '../model/per-model.ts';

export const overtaken: Invariant = {
  id: 'overtaken',
  description:
    'who stood still until another had its lock, dealt with what it had begun, and was done, changes nothing any more',
  onStep(model, process, name, subject) {
    const run = model.runOf(process);
    if (run === undefined || model.store.fencesOff !== true) return undefined;
    if (name === 'locks.write record') takes(seen(model), run, subject);
    noteWorkspace(seen(model), run, name, subject);
    if (name === 'filesystem.readDirectory' && subject.endsWith('/.platter'))
      looks(seen(model), run);
    if (name === 'executor.run') seen(model).atWork.add(run);
    else if (process.parent === undefined) seen(model).atWork.delete(run);
    if (name === 'locks.remove record') seen(model).holders.get(subject)?.delete(run);
    return undefined;
  },
  onDone(model, run) {
    const { holders, found, atWork, late } = seen(model);
    for (const { slower, lock } of found.get(run) ?? []) {
      // Nothing calls a tool back that has its file open.
      if (holders.get(lock)?.has(slower) !== true || atWork.has(slower)) continue;
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

interface Overtaking {
  readonly slower: OperationRun;
  readonly lock: string;
}

interface Seen {
  /** Who took a lock, and has not given it back. */
  readonly holders: Map<string, Set<OperationRun>>;
  /** The workspace that each is making. */
  readonly making: Map<OperationRun, string>;
  /** Who has something in hand. */
  readonly begun: Set<OperationRun>;
  /** Whose tool runs. */
  readonly atWork: Set<OperationRun>;
  /** Of those who took a lock that somebody else had. */
  readonly overtakes: Map<OperationRun, Overtaking[]>;
  /** Those of them whom the other one found with something in hand, and dealt with that. */
  readonly found: Map<OperationRun, Overtaking[]>;
  /** The locks of which each is overtaken. */
  readonly late: Map<OperationRun, Set<string>>;
}

const seen = perModel((): Seen => ({
  holders: new Map<string, Set<OperationRun>>(),
  making: new Map<OperationRun, string>(),
  begun: new Set<OperationRun>(),
  atWork: new Set<OperationRun>(),
  overtakes: new Map<OperationRun, Overtaking[]>(),
  found: new Map<OperationRun, Overtaking[]>(),
  late: new Map<OperationRun, Set<string>>(),
}));

/** Who takes a lock anew begins anew. */
function takes({ holders, begun, overtakes, late }: Seen, run: OperationRun, lock: string): void {
  begun.delete(run);
  late.get(run)?.delete(lock);
  const others = holders.get(lock) ?? new Set();
  holders.set(lock, others);
  for (const slower of others) {
    if (slower === run || slower.outcome !== 'running') continue;
    overtakes.set(run, [...(overtakes.get(run) ?? []), { slower, lock }]);
  }
  others.add(run);
}

function looks({ begun, overtakes, found }: Seen, run: OperationRun): void {
  const inHand = (overtakes.get(run) ?? []).filter(({ slower }) => begun.has(slower));
  if (inHand.length > 0) found.set(run, [...(found.get(run) ?? []), ...inHand]);
}

/** Who uses the workspace that it made has begun. Before that it has only looked, or will look again. */
function noteWorkspace(
  { making, begun }: Seen,
  run: OperationRun,
  name: string,
  subject: string,
): void {
  const workspace = making.get(run);
  if (name === 'filesystem.makeDirectory') {
    if (subject.endsWith('.work')) making.set(run, subject);
  } else if (workspace !== undefined && subject.startsWith(workspace)) {
    begun.add(run);
    making.delete(run);
  }
}

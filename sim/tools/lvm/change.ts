/** `lvchange` and `vgmknodes`. Recorded in fixtures/lvm-2.03/attributes.json, killed-change.json, nodes.json and thin-nodes.json. */
import type { LogicalVolume } from '../../volume-group/logical-volume.ts';
import { LvmFailure } from './failure.ts';
import { finishMerge } from './convert.ts';
import type { LvmSession, LvmSteps } from './session.ts';

export function* lvchange(session: LvmSession): LvmSteps {
  yield { name: 'read metadata', subject: session.options.words.join(' '), takesMs: 20 };
  yield* session.lock();
  for (const word of session.options.words) {
    try {
      yield* changeOne(session, session.find(word));
    } catch (error) {
      if (!(error instanceof LvmFailure)) throw error;
      session.fail(error);
    }
  }
}

function* changeOne(session: LvmSession, volume: LogicalVolume): LvmSteps {
  const { values, flags } = session.options;
  yield* changeMetadata(session, volume);
  const activate = values.get('activate');
  if (flags.has('refresh')) {
    if (!volume.isActive) return;
    yield { name: 'resume device', subject: session.fullName(volume) };
    volume.resume();
    session.group.addNodes(volume);
  }
  if (activate !== undefined && activate.endsWith('n')) {
    yield* deactivateAll(session, volume);
  } else if (activate !== undefined) {
    if (volume.skipsActivation && !flags.has('ignoreactivationskip')) return;
    for (const other of [volume, ...volume.snapshots]) yield* session.activate(other);
    for (const snapshot of [...volume.snapshots]) {
      if (snapshot.isMerging) yield* finishMerge(session, snapshot);
    }
  }
}

/** A snapshot with a store of its own is active as long as its origin is. */
function* deactivateAll(session: LvmSession, volume: LogicalVolume): LvmSteps {
  if (volume.kind === 'classic' && !session.options.flags.has('yes')) {
    const origin = volume.origin === undefined ? '' : session.fullName(volume.origin);
    throw new LvmFailure([
      `Change of snapshot ${session.fullName(volume)} will also change its origin ${origin}. Proceed? [y/n]: [n]`,
      `Logical volume ${session.fullName(volume)} not changed.`,
    ]);
  }
  const family = volume.kind === 'classic' && volume.origin !== undefined ? volume.origin : volume;
  for (const other of [...family.snapshots, family]) yield* session.deactivate(other);
}

function* changeMetadata(session: LvmSession, volume: LogicalVolume): LvmSteps {
  const { values } = session.options;
  const permission = values.get('permission');
  const name = session.fullName(volume);
  const toReadOnly = permission === undefined ? volume.isReadOnly : permission === 'r';
  if (permission !== undefined && toReadOnly === volume.isReadOnly) {
    throw new LvmFailure([
      toReadOnly
        ? `Logical volume "${name}" is already read only.`
        : `Logical volume ${name} is already writable.`,
    ]);
  }
  const skip = values.get('setactivationskip');
  const names = ['permission', 'addtag', 'deltag', 'setactivationskip', 'errorwhenfull', 'zero'];
  if (!names.some((option) => values.has(option))) return;
  if (values.has('activate')) {
    session.warn('WARNING: Combining activation change with other commands is not advised.');
  }
  yield* session.commit(volume);
  volume.isReadOnly = toReadOnly;
  if (values.has('addtag') || values.has('deltag')) {
    const removed = list(values.get('deltag'));
    const left = [...volume.tags].filter((tag) => !removed.includes(tag));
    session.group.retag(volume, new Set([...left, ...list(values.get('addtag'))]));
  }
  if (skip !== undefined) volume.skipsActivation = skip === 'y';
  session.group.seqno += 1;
  session.say(`Logical volume ${name} changed.`);
}

function list(text: string | undefined): readonly string[] {
  return text === undefined ? [] : text.split(',');
}

/**
 * Nodes that are lost come back; those of volumes that are gone stay. Where a thin pool is among the volumes, and has some
 * itself, all that is done, and then it fails. It looks at every name in /dev/mapper, and takes away the nodes of those that
 * have no device at that moment, a while after it looked (nodes-race.json).
 */
export function* vgmknodes(session: LvmSession): LvmSteps {
  const { group } = session;
  const [word = ''] = session.options.words;
  const named = [...group.maps.keys()].filter((name) => group.hasMapNode(name));
  yield { name: 'look at nodes', subject: word, takesMs: 5 };
  const missing = named.filter((name) => group.maps.get(name) === undefined);
  yield { name: 'make nodes', subject: word, takesMs: 20 };
  for (const name of missing) group.removeMapNode(name);
  const all = [...group.volumes.values()];
  const volumes = word.includes('/') ? [session.find(word)] : all;
  for (const volume of volumes) if (volume.isActive) group.addNodes(volume);
  const isUsed = (volume: LogicalVolume) => all.some(({ pool }) => pool === volume);
  if (volumes.some(isUsed)) throw new LvmFailure(['Command failed with status code 5.']);
}

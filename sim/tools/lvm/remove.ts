/**
 * `lvremove`. Recorded in fixtures/lvm-2.03/remove.json, killed-remove.json and killed-thin-remove.json: the device goes
 * first, then the metadata, then (of thin ones) what the pool has of it. What is open is tried for 5 s.
 */
import type { LogicalVolume } from '../../volume-group/logical-volume.ts';
import { requireUnstuck } from './create-thin.ts';
import { LvmFailure } from './failure.ts';
import type { LvmSession, LvmSteps } from './session.ts';

const openRetryMs = 5000;

export function* lvremove(session: LvmSession): LvmSteps {
  const { group, options } = session;
  yield { name: 'read metadata', subject: options.words.join(' '), takesMs: 20 };
  yield* session.lock();
  for (const word of options.words) {
    let volumes: readonly LogicalVolume[];
    try {
      const { group: groupName, volume } = session.parse(word);
      session.requireGroup(groupName);
      volumes =
        volume === '' && !word.endsWith('/')
          ? [...group.volumes.values()]
          : [session.find(word, { alsoMerging: true })];
    } catch (error) {
      if (!(error instanceof LvmFailure)) throw error;
      session.fail(error);
      continue;
    }
    for (const volume of volumes) yield* removeOne(session, volume);
  }
}

function* removeOne(session: LvmSession, volume: LogicalVolume): LvmSteps {
  const { group, options } = session;
  if (group.volumes.get(volume.name) !== volume) return;
  requireUnstuck(volume.pool);
  const isForced = options.flags.has('force') || options.flags.has('yes');
  const dependent =
    volume.kind === 'pool'
      ? [...group.volumes.values()].filter(({ pool }) => pool === volume)
      : [...volume.snapshots];
  requireConsent(session, volume, { isForced, dependents: dependent.length });
  yield* requireClosedSoon(session, volume);
  for (const other of dependent) yield* removeOne(session, other);
  yield* session.deactivate(volume);
  yield* session.commit(volume);
  group.remove(volume);
  if (volume.kind === 'thin') {
    yield { name: 'delete thin device', subject: session.fullName(volume) };
  }
  session.say(`Logical volume "${volume.name}" successfully removed.`);
}

function requireConsent(
  session: LvmSession,
  volume: LogicalVolume,
  { isForced, dependents }: { isForced: boolean; dependents: number },
): void {
  if (isForced || !volume.isActive) return;
  const name = session.fullName(volume);
  const what =
    volume.kind === 'pool'
      ? `Removing pool ${name} will remove ${dependents} dependent volume(s). Proceed?`
      : dependents > 0
        ? `Do you really want to remove active origin logical volume ${name} with ${dependents} snapshots(s)?`
        : `Do you really want to remove active logical volume ${name}?`;
  throw new LvmFailure([`${what} [y/n]: [n]`, `Logical volume ${name} not removed.`]);
}

function* requireClosedSoon(session: LvmSession, volume: LogicalVolume): LvmSteps {
  if (volume.isActive && volume.isOpen) {
    yield { name: 'wait for closing', subject: session.fullName(volume), takesMs: openRetryMs };
  }
  session.requireClosed(volume);
}

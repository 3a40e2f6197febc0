/**
 * `lvextend`. Recorded in fixtures/lvm-2.03/rename-resize.json and killed-extend.json: the device is suspended before the
 * metadata are committed, and shows its new size when it is resumed.
 */
import type { LogicalVolume } from '../../volume-group/logical-volume.ts';
import { LvmFailure } from './failure.ts';
import { parseLvmSize } from './options.ts';
import { displaySize, warnOfPromises } from './sizes.ts';
import type { LvmSession, LvmSteps } from './session.ts';

export function* lvextend(session: LvmSession): LvmSteps {
  const { options } = session;
  const { values, words } = options;
  const [word = ''] = words;
  const text = values.get('size') ?? '';
  const asked = parseLvmSize('lvextend', text, 'size');
  yield { name: 'read metadata', subject: word, takesMs: 20 };
  const { group } = session;
  const isTest = options.flags.has('test');
  if (isTest) {
    session.warn('TEST MODE: Metadata will NOT be updated and volumes will not be (de)activated.');
  }
  const named = session.parse(word);
  session.requireGroup(named.group);
  yield* session.lock();
  const volume = group.volumes.get(named.volume);
  if (volume === undefined || volume.isMerging) {
    throw new LvmFailure([
      `Logical volume ${named.volume} not found in volume group ${group.name}.`,
    ]);
  }
  const wanted = text.startsWith('+') ? volume.sizeBytes + asked : asked;
  const extents = group.extentsOf(wanted);
  const size = extents * group.extentBytes;
  if (size !== wanted) {
    session.say(`Rounding size to boundary between physical extents: ${displaySize(size)}.`);
  }
  const present = group.extentsOf(volume.sizeBytes);
  requireExtendable(session, volume, { present, extents });
  const name = session.fullName(volume);
  session.say(
    `Size of logical volume ${name} changed from ${displaySize(volume.sizeBytes)} (${present} extents) to ${displaySize(size)} (${extents} extents).`,
  );
  if (isTest) return session.say(`Logical volume ${name} successfully resized.`);
  if (volume.isActive) {
    yield* session.deviceStep('suspend device', volume);
    volume.suspend();
  }
  try {
    yield* session.commit(volume);
  } catch (error) {
    volume.resume();
    throw error;
  }
  group.extend(volume, size);
  if (volume.isActive) {
    yield { name: 'resume device', subject: name };
    volume.resume();
  }
  if (volume.pool !== undefined) warnOfPromises(session, volume.pool);
  session.say(`Logical volume ${name} successfully resized.`);
}

function requireExtendable(
  { group }: LvmSession,
  volume: LogicalVolume,
  { present, extents }: { present: number; extents: number },
): void {
  if (extents === present) {
    throw new LvmFailure([
      `New size (${extents} extents) matches existing size (${present} extents).`,
    ]);
  }
  if (extents < present) {
    throw new LvmFailure([
      `New size given (${extents} extents) not larger than existing size (${present} extents)`,
    ]);
  }
  if (volume.snapshots.size > 0 && volume.isActive) {
    throw new LvmFailure([
      'Snapshot origin volumes can be resized only while inactive: try lvchange -an.',
    ]);
  }
  if (volume.kind !== 'thin' && extents - present > group.free.count) {
    throw new LvmFailure([
      `Insufficient free space: ${extents - present} extents needed, but only ${group.free.count} available`,
    ]);
  }
}

/** Thin volumes, their snapshots, and pools. */
import type { LogicalVolume, NewVolume } from '../../volume-group/logical-volume.ts';
import type { ToolStep } from '../program.ts';
import { LvmFailure } from './failure.ts';
import {
  activateOrUndo,
  attributesOf,
  requireExtents,
  rounded,
  undo,
  wantsActivation,
} from './new-volume.ts';
import { warnOfPromises } from './sizes.ts';
import type { LvmSession, LvmSteps } from './session.ts';

export function findPool({ group }: LvmSession, word: string): LogicalVolume {
  const name = word.split('/').pop() ?? '';
  const pool = group.volumes.get(name);
  if (pool === undefined) {
    throw new LvmFailure([`Pool ${name} not found in Volume group ${group.name}.`]);
  }
  if (pool.kind !== 'pool') {
    throw new LvmFailure([`Logical volume ${group.name}/${name} is not a thin pool.`]);
  }
  return pool;
}

function requireRoom(session: LvmSession, pool: LogicalVolume): void {
  const { room } = pool;
  if (room === undefined) return;
  const name = session.fullName(pool);
  const refused = `Cannot create new thin volume, free space in thin pool ${name} reached threshold.`;
  if (room.dataPercent >= 100) {
    throw new LvmFailure([`WARNING: Thin pool ${name} is out of data space.`, refused]);
  }
  if (room.metadataPercent < 75) return;
  const percent = room.metadataPercent.toFixed(2);
  throw new LvmFailure([
    `WARNING: Remaining free space in metadata of thin pool ${name} is too low (${percent}% >= 75.00%). Resize is recommended.`,
    refused,
  ]);
}

/** Between the two messages a command that is killed leaves a pool that refuses everything. */
export function* createThin(session: LvmSession, pool: LogicalVolume, wanted: NewVolume): LvmSteps {
  const { group } = session;
  const { origin } = wanted;
  requireRoom(session, pool);
  requireUnstuck(pool);
  yield* session.commit(wanted);
  const skips = origin !== undefined && session.options.values.get('setactivationskip') !== 'n';
  const made = group.add(
    { ...wanted, ...attributesOf(session), skipsActivation: skips },
    session.context.nowMs,
  );
  made.isPromised = true;
  if (origin?.isActive === true) {
    yield { name: 'suspend origin', subject: session.fullName(origin) };
    origin.suspend();
  }
  try {
    yield { name: 'create thin device', subject: session.fullName(made) };
  } catch {
    origin?.resume();
    yield* undo(session, made);
    throw new LvmFailure([`Failed to process message "create_thin".`]);
  }
  if (origin !== undefined) {
    origin.durable = origin.content;
    made.mappings = pool.room?.share(origin.mappings) ?? made.mappings;
    made.sizeBytes = origin.sizeBytes;
    made.durable = origin.content;
    made.replace(origin.content);
  }
  made.isPromised = false;
  if (pool.room !== undefined) pool.room.isStuck = true;
  yield { name: 'set transaction id', subject: session.fullName(pool) };
  if (pool.room !== undefined) pool.room.isStuck = false;
  if (origin?.isSuspended === true) {
    yield { name: 'resume origin', subject: session.fullName(origin) };
    origin.resume();
  }
  warnOfPromises(session, pool);
  const ignoresSkip = session.options.flags.has('ignoreactivationskip');
  if (wantsActivation(session) && (!skips || ignoresSkip)) yield* activateOrUndo(session, made);
  session.say(`Logical volume "${made.name}" created.`);
}

export function requireUnstuck(pool: LogicalVolume | undefined): void {
  if (pool?.room?.isStuck !== true) return;
  throw new LvmFailure([
    'device-mapper: message ioctl on  (253:2) failed: File exists',
    'Failed to process message "create_snap 2 1".',
    'Thin pool vg0-pool-tpool (253:2) already contain thin device with device_id 2.',
    'Manual intervention may be required to remove device',
  ]);
}

export function* createPool(session: LvmSession, name: string, sizeBytes: number): LvmSteps {
  const { group } = session;
  if (group.volumes.has(name)) {
    throw new LvmFailure([`Logical volume ${name} already exists in Volume group ${group.name}.`]);
  }
  const pool = yield* makePool(session, name, sizeBytes);
  pool.tags = new Set(attributesOf(session).tags);
  if (pool.room !== undefined) pool.room.zeroes = session.options.values.get('zero') !== 'n';
  session.say(`Logical volume "${name}" created.`);
}

function* makePool(
  session: LvmSession,
  name: string,
  sizeBytes: number,
): Generator<ToolStep, LogicalVolume, void> {
  const { group } = session;
  const size = rounded(session, sizeBytes);
  session.say('Thin pool volume with chunk size 64.00 KiB can address at most <15.88 TiB of data.');
  requireExtents(session, group.extentsOf(size));
  // What it says of metadata that finds no room was not recorded.
  requireExtents(session, group.extentsOfPool(size));
  yield* session.commit({ name });
  return group.addPool(name, size);
}

/** Nova's sparse volumes: a size and a virtual size give a pool, with a name of LVM's unless it is given one. */
export function* poolOfItsOwn(
  session: LvmSession,
  sizeBytes: number,
  name: string | undefined,
): Generator<ToolStep, LogicalVolume, void> {
  if (name !== undefined) return yield* makePool(session, name, sizeBytes);
  let number = 1;
  while (session.group.volumes.has(`lvol${number}`)) number += 1;
  return yield* makePool(session, `lvol${number}`, sizeBytes);
}

/**
 * `lvcreate`: thick and thin volumes, thin and classic snapshots, pools. The order of its effects is that of
 * fixtures/lvm-2.03/killed-create.json, killed-thin-snapshot.json and killed-thin-snapshot-active.json: the metadata
 * first, then what the kernel is told, the nodes, and for thick volumes zeros in their first 4 KiB.
 */
import { clear, emptyContent, resize } from '../../volume/content.ts';
import type { LogicalVolume } from '../../volume-group/logical-volume.ts';
import { LvmFailure } from './failure.ts';
import { checkName, usage } from './names.ts';
import { createPool, createThin, findPool, poolOfItsOwn } from './create-thin.ts';
import {
  activateOrUndo,
  attributesOf,
  requireExtents,
  requireFree,
  rounded,
  undo,
  wantsActivation,
} from './new-volume.ts';
import { parseLvmSize } from './options.ts';
import type { LvmSession, LvmSteps } from './session.ts';

const zeroedBytes = 4096;

export function* lvcreate(session: LvmSession): LvmSteps {
  const { values, flags, words } = session.options;
  const [word = values.get('thinpool') ?? ''] = words;
  const name = values.get('name') ?? nextName(session);
  const sizeBytes = sizeOption(session, 'size');
  const virtualBytes = sizeOption(session, 'virtualsize');
  const isSnapshot = flags.has('snapshot');
  if (isSnapshot && (virtualBytes !== undefined || values.has('type'))) {
    throw new LvmFailure(['Command does not accept option: --snapshot.'], 3);
  }
  checkName('lvcreate', session.group.name, name);
  yield { name: 'read metadata', subject: word, takesMs: 20 };
  session.requireGroup(session.parse(word).group);
  yield* session.lock();
  if (isSnapshot) return yield* createSnapshot(session, session.parse(word).volume, name);
  const type = values.get('type');
  if (type === 'thin-pool') return yield* createPool(session, name, sizeBytes ?? 0);
  requireFree(session, name);
  if (virtualBytes === undefined) return yield* createThick(session, name, sizeBytes);
  if (type === 'snapshot') throw new LvmFailure(['snapshots of nothing are not simulated'], 3);
  const poolName = values.get('thinpool');
  const pool =
    sizeBytes === undefined
      ? findPool(session, poolName ?? session.parse(word).volume)
      : yield* poolOfItsOwn(session, sizeBytes, poolName);
  const size = rounded(session, virtualBytes);
  yield* createThin(session, pool, {
    name,
    kind: 'thin',
    sizeBytes: size,
    content: resize(emptyContent, size),
    pool,
  });
}

function sizeOption({ options }: LvmSession, option: 'size' | 'virtualsize'): number | undefined {
  const text = options.values.get(option);
  return text === undefined ? undefined : parseLvmSize('lvcreate', text, option);
}

function nextName({ group }: LvmSession): string {
  for (let number = 0; ; number += 1) {
    if (!group.volumes.has(`lvol${number}`)) return `lvol${number}`;
  }
}

function* createThick(session: LvmSession, name: string, sizeBytes: number | undefined): LvmSteps {
  const { group, options } = session;
  const percent = /^(\d+)%(?:FREE|VG)$/.exec(options.values.get('extents') ?? '')?.[1];
  const extents = Number(options.values.get('extents') ?? 0);
  const size =
    sizeBytes !== undefined
      ? rounded(session, sizeBytes)
      : group.extentBytes *
        (percent === undefined ? extents : Math.floor((group.free.count * Number(percent)) / 100));
  if (size === 0) throw usage('lvcreate', 'Please specify either size or extents.');
  requireExtents(session, group.extentsOf(size));
  yield* session.commit({ name });
  const content = group.free.take(group.extentsOf(size));
  const made = group.add(
    { name, kind: 'linear', sizeBytes: size, content, ...attributesOf(session) },
    session.context.nowMs,
  );
  if (wantsActivation(session)) {
    yield* activateOrUndo(session, made);
    if (!made.isReadOnly && options.values.get('zero') !== 'n') yield* zeroStart(session, made);
  }
  if (!made.isActive || made.isReadOnly)
    session.warn(`WARNING: Logical volume ${session.fullName(made)} not zeroed.`);
  session.say(`Logical volume "${name}" created.`);
}

function* zeroStart(session: LvmSession, made: LogicalVolume): LvmSteps {
  try {
    yield { name: 'zero start', subject: session.fullName(made) };
  } catch {
    yield* undo(session, made);
    throw new LvmFailure([
      `Failed to wipe start of new LV.`,
      'Aborting. Failed to wipe start of new LV.',
    ]);
  }
  made.replace(clear(made.content, 0, zeroedBytes));
}

function* createSnapshot(session: LvmSession, originName: string, name: string): LvmSteps {
  const { group, options } = session;
  const origin = group.volumes.get(originName);
  if (origin === undefined || origin.isMerging) {
    throw new LvmFailure([
      `Snapshot origin LV ${originName} not found in Volume group ${group.name}.`,
    ]);
  }
  const hasSize = options.values.has('size') || options.values.has('extents');
  if (origin.kind === 'classic') {
    throw new LvmFailure(['Snapshots of snapshots are not supported.']);
  }
  requireFree(session, name);
  const { pool, content, sizeBytes } = origin;
  if (pool !== undefined && !hasSize) {
    return yield* createThin(session, pool, {
      name,
      kind: 'thin',
      sizeBytes,
      content,
      origin,
      pool,
    });
  }
  if (!hasSize) throw new LvmFailure(['Please specify either size or extents with snapshots.']);
  const storeBytes = storeSize(session, origin);
  requireExtents(session, Math.max(1, group.extentsOf(storeBytes)));
  yield* session.commit({ name });
  const { sizeBytes: store } = group.free.take(group.extentsOf(storeBytes));
  const made = group.add(
    { name, kind: 'classic', sizeBytes: store, content, origin, ...attributesOf(session) },
    session.context.nowMs,
  );
  // Its origin is suspended with a flush when the snapshot comes in between.
  origin.durable = origin.content;
  if (origin.isActive) yield* activateOrUndo(session, made);
  session.say(`Logical volume "${name}" created.`);
}

/** Never more than what the origin can need; percents give what there is. */
function storeSize(session: LvmSession, origin: LogicalVolume): number {
  const { group, options } = session;
  const needed = origin.sizeBytes + Math.ceil(origin.sizeBytes / 4096) * 16 + 8192;
  const most = group.extentsOf(needed) * group.extentBytes;
  const size = options.values.get('size');
  if (size !== undefined)
    return Math.min(most, rounded(session, parseLvmSize('lvcreate', size, 'size')));
  const extents = options.values.get('extents') ?? '';
  const percent = /^(\d+)%ORIGIN$/.exec(extents)?.[1];
  if (percent === undefined) return Math.min(most, Number(extents) * group.extentBytes);
  const wanted = group.extentsOf((needed * Number(percent)) / 100) * group.extentBytes;
  return Math.min(wanted, group.free.count * group.extentBytes);
}

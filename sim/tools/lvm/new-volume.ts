/** What all ways of making a volume have in common. */
import type { LogicalVolume } from '../../volume-group/logical-volume.ts';
import { LvmFailure } from './failure.ts';
import { displaySize } from './sizes.ts';
import type { LvmSession, LvmSteps } from './session.ts';

export function requireFree(session: LvmSession, name: string): void {
  const { group } = session;
  if (!group.volumes.has(name)) return;
  throw new LvmFailure([`Logical Volume "${name}" already exists in volume group "${group.name}"`]);
}

export function rounded(session: LvmSession, bytes: number): number {
  const { group } = session;
  const size = group.extentsOf(bytes) * group.extentBytes;
  if (size !== bytes) session.say(`Rounding up size to full physical extent ${displaySize(size)}`);
  return size;
}

export function requireExtents({ group }: LvmSession, extents: number): void {
  if (extents <= group.free.count) return;
  throw new LvmFailure([
    `Volume group "${group.name}" has insufficient free space (${group.free.count} extents): ${extents} required.`,
  ]);
}

/** What options say of any new volume. */
export function attributesOf({ options }: LvmSession) {
  const { values } = options;
  return {
    tags: values.get('addtag')?.split(',') ?? [],
    isReadOnly: values.get('permission') === 'r',
  };
}

export function wantsActivation({ options }: LvmSession): boolean {
  return !/^(n|ln)$/.test(options.values.get('activate') ?? 'y');
}

/** What cannot be activated is not made at all. */
export function* activateOrUndo(session: LvmSession, made: LogicalVolume): LvmSteps {
  try {
    yield* session.activate(made);
  } catch (error) {
    if (!(error instanceof LvmFailure)) throw error;
    yield* undo(session, made);
    throw error;
  }
}

export function* undo(session: LvmSession, made: LogicalVolume): LvmSteps {
  yield { name: 'take metadata back', subject: session.fullName(made) };
  made.isActive = false;
  session.group.removeNodes(made);
  session.group.remove(made);
}

/** The state in which an operation should leave its image. */
import { roundUp } from '../../src/sizes.ts';
import { parseSized, sizeOf, type Source } from './expected.ts';
import type { Model } from './model.ts';
import type { OperationRun } from './operation-run.ts';
import type { DiskState } from './view.ts';

/** A new image. */
export function made(
  model: Model,
  source: NonNullable<OperationRun['source']>,
  { spec }: OperationRun,
): DiskState {
  return {
    sizeBytes: sizeOf(model, source, spec),
    guest: source.bytes,
    snapshots: '',
    isSound: true,
  };
}

/** An image that was there. */
export function expected({ store }: Model, { spec }: OperationRun, before: DiskState): DiskState {
  const name = spec.other ?? '';
  const asked = roundUp(spec.sizeBytes ?? 0, store.granuleBytes);
  switch (spec.kind) {
    case 'cache':
      return { ...before, sizeBytes: Math.max(before.sizeBytes, asked) };
    case 'resize':
      return { ...before, sizeBytes: asked };
    case 'create snapshot':
      return { ...before, snapshots: withSnapshot(before, name) };
    case 'delete snapshot':
      return { ...before, snapshots: without(before, name).join(';') };
    case 'restore snapshot': {
      const kept = snapshotOf(before, name);
      return kept === undefined
        ? before
        : { ...before, guest: kept.bytes, sizeBytes: kept.sizeBytes };
    }
    default:
      return before;
  }
}

function entries({ snapshots }: DiskState): readonly string[] {
  return snapshots === '' ? [] : snapshots.split(';');
}

function without(state: DiskState, name: string): readonly string[] {
  return entries(state).filter((entry) => !entry.startsWith(`${name}=`));
}

function withSnapshot(state: DiskState, name: string): string {
  return [...entries(state), `${name}=${state.sizeBytes} ${state.guest}`].sort().join(';');
}

/** Undefined where it has none of that name. */
export function snapshotOf(state: DiskState, name: string): Source | undefined {
  const entry = entries(state).find((known) => known.startsWith(`${name}=`));
  return entry === undefined ? undefined : parseSized(entry.slice(name.length + 1));
}

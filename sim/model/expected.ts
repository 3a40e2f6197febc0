/** What an operation should bring about, said without the engine. */
import { roundUp } from '../../src/sizes.ts';
import { importContent, templateContent } from '../scenarios/contents.ts';
import { templateNamed, type OperationKind, type OperationSpec } from '../scenarios/scenario.ts';
import { hasVersions } from '../scenarios/web.ts';
import type { RawContent } from '../volume/content.ts';
import type { Model } from './model.ts';
import type { OperationRun } from './operation-run.ts';
import { sharedImage } from './service-images.ts';
import { hostileImage } from './cluster-names.ts';
import { bytesOf, guestContent, snapshotStates } from './view.ts';

/** Content and size of what an image is made of. */
export interface Source {
  readonly bytes: string;
  readonly sizeBytes: number;
}

const creating: ReadonlySet<string> = new Set([
  'cache',
  'create blank',
  'create generated',
  'import',
  'import file',
  'clone',
  'clone image',
]);

export function creates({ kind }: OperationSpec): boolean {
  return creating.has(kind);
}

const removing: ReadonlySet<OperationKind> = new Set(['destroy', 'remove by hand']);

/** Whether it is meant to take a disk away. */
export function removes({ kind, subject, other }: OperationSpec, address: string): boolean {
  if (kind === 'remove by hand' && other === 'instance') {
    return address.split('/')[0] === subject.split('/')[0];
  }
  return removing.has(kind) && subject === address;
}

/** Whether it puts a new disk in the place of another. */
export function replaces({ kind }: OperationSpec): boolean {
  return kind === 'import file';
}

/** Whether somebody removes all that its instance has by hand, one name after another, and so may have left any of it. */
export function isTakenApart({ runs }: Model, address: string): boolean {
  return runs.some(({ spec }) => spec.other === 'instance' && removes(spec, address));
}

/** Undefined where it has none, or nobody can tell. */
export function sourceOf(
  model: Model,
  { kind, other, pattern = 0, isHostile }: OperationSpec,
): Source | undefined {
  switch (kind) {
    case 'cache':
      return templateSource(model, other ?? '');
    case 'clone image':
      return templateSource(model, other ?? '') ?? imageSource(model, other ?? '');
    case 'create blank':
      return { bytes: bytesOf({ kind: 'raw', sizeBytes: 0, extents: [] }), sizeBytes: 0 };
    case 'create generated':
    case 'import':
    case 'import file':
      if (isHostile === true) return undefined;
      return sourceFrom(importContent(pattern));
    case 'clone':
      return snapshotSource(model, other ?? '');
    default:
      return undefined;
  }
}

function templateSource(model: Model, name: string): Source | undefined {
  const template = templateNamed(model.scenario, name);
  if (template === undefined || hasVersions(model.scenario, name)) return undefined;
  return sourceFrom(
    guestContent(model.world.volume, templateContent({ ...template, hostile: false })),
  );
}

function imageSource({ world: { stores } }: Model, name: string): Source | undefined {
  if (name === hostileImage) return undefined;
  const image = stores.cluster === undefined ? undefined : sharedImage(stores.cluster, name);
  return image === undefined ? undefined : sourceFrom(image.content);
}

function sourceFrom(content: RawContent): Source {
  return { bytes: bytesOf(content), sizeBytes: content.sizeBytes };
}

function snapshotSource(model: Model, address: string): Source | undefined {
  const [image = '', snapshot = ''] = address.split('@');
  const view = model.disks.get(image);
  if (view === undefined) return undefined;
  const state = snapshotStates(model.world.volume, view).get(snapshot);
  return state === undefined ? undefined : parseSized(state);
}

export function parseSized(state: string): Source {
  const space = state.indexOf(' ');
  return { sizeBytes: Number(state.slice(0, space)), bytes: state.slice(space + 1) };
}

/** Size of a new image. */
export function sizeOf({ store }: Model, source: Source, { sizeBytes = 0 }: OperationSpec): number {
  return roundUp(sizeBytes === 0 ? source.sizeBytes : sizeBytes, store.granuleBytes);
}

export function describeRun({ spec, number }: OperationRun): string {
  const other = spec.other === undefined ? '' : ` ${spec.other}`;
  const size = spec.sizeBytes === undefined ? '' : ` ${spec.sizeBytes} bytes`;
  const kind = spec.isHostile === true ? `hostile ${spec.kind}` : spec.kind;
  return `operation ${number} (${kind} ${spec.subject}${other}${size})`;
}

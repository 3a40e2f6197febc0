/** What operations touch, and what their errors say of it. */
import type { OperationSpec } from '../scenarios/scenario.ts';
import type { OperationRun } from './operation-run.ts';

const noImage: ReadonlySet<string> = new Set([
  'list',
  'prune',
  'foreign file',
  'replace on web',
  'remove store',
]);

/** Images that an operation works on, its own first. */
export function addressesOf({
  kind,
  subject,
  other,
}: OperationSpec): readonly string[] | undefined {
  if (kind === 'recover' || (kind === 'remove by hand' && other === 'instance')) return undefined;
  if (kind.endsWith(' template') || noImage.has(kind)) return [];
  if (kind === 'clone' && other !== undefined) return [subject, other.split('@')[0] ?? ''];
  return [subject];
}

export function changesImages({ kind }: OperationSpec): boolean {
  return !['show', 'list', 'export', 'guest write'].includes(kind);
}

const keeping: ReadonlySet<string> = new Set([
  'create snapshot',
  'delete snapshot',
  'resize',
  'flatten',
]);

/** Changes a disk, and not what its machine reads. */
export function keepsContent({ kind }: OperationSpec): boolean {
  return keeping.has(kind);
}

/** Other than by looking at what they are, or as their machine. */
export function worksOnImages({ kind }: OperationSpec): boolean {
  return !['show', 'list', 'guest write'].includes(kind);
}

/** It failed, and says that what it was asked for is done all the same. */
export function wasFinished({ details }: NonNullable<OperationRun['error']>): boolean {
  return details['undo'] === 'finished';
}

/** The engine itself says that it does not know, or that something is left to be done, or to somebody else. */
export function isUnknown({ code, details }: NonNullable<OperationRun['error']>): boolean {
  if (code === 'OUTCOME_UNKNOWN') return true;
  return details['undo'] === 'failed' || details['undo'] === 'taken over';
}

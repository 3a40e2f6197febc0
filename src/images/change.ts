/** Every change of one image as data, so that it can be planned and carried out by the same code. */
import { checkName } from '../names.ts';
import type { Operation } from '../operations/perform.ts';
import { checkSizeBytes } from '../sizes.ts';
import type { ImageHandle } from './context.ts';
import { createOperation, type Created, type CreateSource } from './operations/create.ts';
import { destroyOperation } from './operations/destroy.ts';
import { exportOperation } from './operations/export.ts';
import { flattenOperation } from './operations/flatten.ts';
import { resizeOperation } from './operations/resize.ts';
import {
  createSnapshotOperation,
  deleteSnapshotOperation,
  restoreSnapshotOperation,
} from './operations/snapshots.ts';

export type ImageChange =
  | {
      readonly kind: 'create';
      readonly source: CreateSource;
      readonly sizeBytes: number | undefined;
      readonly ifExists: 'fail' | 'grow';
    }
  | { readonly kind: 'resize'; readonly sizeBytes: number; readonly isRelative: boolean }
  | { readonly kind: 'flatten' }
  | { readonly kind: 'destroy'; readonly wipe: boolean }
  | {
      readonly kind: 'export';
      readonly target: string;
      readonly format: string | undefined;
      readonly snapshot: string | undefined;
    }
  | { readonly kind: 'create snapshot'; readonly name: string }
  | { readonly kind: 'delete snapshot'; readonly name: string; readonly ignoreErrors: boolean }
  | { readonly kind: 'restore snapshot'; readonly name: string };

/** Checks the change and makes it the operation that carries it out. */
export function operationOf(image: ImageHandle, change: ImageChange): Operation<Created | void> {
  switch (change.kind) {
    case 'create':
      if (change.sizeBytes !== undefined) checkSizeBytes(change.sizeBytes);
      return createOperation(image, change);
    case 'resize':
      checkSizeBytes(change.sizeBytes);
      return resizeOperation(image, change);
    case 'flatten':
      return flattenOperation(image);
    case 'destroy':
      return destroyOperation(image, change);
    case 'export':
      if (change.snapshot !== undefined) checkName('snapshot', change.snapshot);
      return exportOperation(image, change);
    case 'create snapshot':
      return createSnapshotOperation(image, checkName('snapshot', change.name));
    case 'delete snapshot':
      return deleteSnapshotOperation(image, checkName('snapshot', change.name), change);
    case 'restore snapshot':
      return restoreSnapshotOperation(image, checkName('snapshot', change.name));
  }
}

/** Snapshots: named points in time of one image. */
import { reservePath } from '../../config/layout.ts';
import { PlatterError } from '../../errors.ts';
import { formatAddress } from '../../names.ts';
import type { Operation } from '../../operations/perform.ts';
import { imageOperation, requireOpenable, type ImageHandle } from '../context.ts';
import { requireSnapshot } from './create.ts';

const nothing = () => Promise.resolve();

export function createSnapshotOperation(image: ImageHandle, name: string): Operation<void> {
  return {
    ...imageOperation(image, 'snapshot create'),
    async prepare() {
      const facts = await requireOpenable(image);
      if (facts.snapshots.some((snapshot) => snapshot.name === name)) {
        const address = formatAddress(image.address);
        throw new PlatterError('ALREADY_EXISTS', `${address} has a snapshot "${name}" already`, {
          hint: `platter snapshot list ${address}`,
        });
      }
      return { steps: await image.driver.createSnapshot(facts, name), result: nothing };
    },
  };
}

export function deleteSnapshotOperation(
  image: ImageHandle,
  name: string,
  { ignoreErrors }: { ignoreErrors: boolean },
): Operation<void> {
  return {
    ...imageOperation(image, 'snapshot delete'),
    reserve: reservePath(image.config),
    async prepare() {
      const facts = await requireOpenable(image);
      if (ignoreErrors && !facts.snapshots.some((snapshot) => snapshot.name === name)) {
        return { steps: [], result: nothing };
      }
      const snapshot = requireSnapshot(facts, name);
      return { steps: await image.driver.deleteSnapshot(facts, snapshot), result: nothing };
    },
  };
}

export function restoreSnapshotOperation(image: ImageHandle, name: string): Operation<void> {
  return {
    ...imageOperation(image, 'snapshot restore'),
    async prepare() {
      const facts = await requireOpenable(image);
      const snapshot = requireSnapshot(facts, name);
      return { steps: await image.driver.restoreSnapshot(facts, snapshot), result: nothing };
    },
  };
}

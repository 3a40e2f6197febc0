/** Removes an image with its snapshots. */
import { reservePath } from '../../config/layout.ts';
import type { Operation } from '../../operations/perform.ts';
import { imageOperation, requireRemovable, type ImageHandle } from '../context.ts';

export function destroyOperation(image: ImageHandle, options: { wipe: boolean }): Operation<void> {
  return {
    ...imageOperation(image, 'image delete'),
    reserve: reservePath(image.config),
    async prepare() {
      const facts = await requireRemovable(image);
      return { steps: await image.driver.destroy(facts, options), result: () => Promise.resolve() };
    },
  };
}

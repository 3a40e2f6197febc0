/** Makes an image independent of what it leans on (B103: one that leans on nothing is left as it is). */
import type { Operation } from '../../operations/perform.ts';
import { imageOperation, requireOpenable, type ImageHandle } from '../context.ts';
import { requireLeanedOn } from '../files/leaned-on.ts';

export function flattenOperation(image: ImageHandle): Operation<void> {
  return {
    ...imageOperation(image, 'image flatten'),
    async prepare() {
      const facts = await requireOpenable(image);
      await requireLeanedOn(image.host, image.config, facts);
      return { steps: await image.driver.flatten(facts), result: () => Promise.resolve() };
    },
  };
}

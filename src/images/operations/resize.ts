/** Grows an image. Nothing ever shrinks. */
import { PlatterError } from '../../errors.ts';
import { formatAddress } from '../../names.ts';
import type { Operation } from '../../operations/perform.ts';
import { formatExactSize, roundUp } from '../../sizes.ts';
import { imageOperation, requireOpenable, type ImageHandle } from '../context.ts';

export interface ResizeRequest {
  readonly sizeBytes: number;
  /** Whether the size is added to the current one. */
  readonly isRelative: boolean;
}

export function resizeOperation(image: ImageHandle, request: ResizeRequest): Operation<void> {
  return {
    ...imageOperation(image, 'image resize'),
    async prepare() {
      const facts = await requireOpenable(image);
      const current = facts.virtualSizeBytes;
      const asked = request.isRelative ? current + request.sizeBytes : request.sizeBytes;
      const sizeBytes = roundUp(asked, facts.granuleBytes);
      if (!Number.isSafeInteger(sizeBytes)) {
        throw new PlatterError('INVALID_ARGUMENT', `the size ${asked} is too large`);
      }
      if (sizeBytes < current) throw cannotShrink(image, current, asked);
      const steps = sizeBytes === current ? [] : await image.driver.resize(facts, sizeBytes);
      return { steps, result: () => Promise.resolve() };
    },
  };
}

function cannotShrink({ address }: ImageHandle, current: number, asked: number): PlatterError {
  return new PlatterError(
    'CANNOT_SHRINK',
    `cannot resize ${formatAddress(address)} to ${formatExactSize(asked)}: it has ${formatExactSize(current)} already`,
    {
      details: { currentBytes: current, askedBytes: asked },
      hint: 'images never shrink; copy what is in it into a smaller one',
    },
  );
}

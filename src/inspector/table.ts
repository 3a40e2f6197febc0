/**
 * A table of an image (L1, block allocation, grain directory): it has to lie in the file and to be
 * no larger than needed.
 */
import type { ImageLimits } from './limits.ts';
import { judge, type Violation } from './violation.ts';

export interface Table {
  readonly name: string;
  /** In bytes, as `lengthBytes` is; Infinity stands for a field beyond 2^53 - 1. */
  readonly position: number;
  readonly lengthBytes: number;
  /** What the position has to be a multiple of. Default is 1. */
  readonly alignmentBytes?: number;
}

/**
 * Says one thing about a table: the gravest. An empty one takes no place, but qemu looks at its
 * position.
 */
export function judgeTable(
  { name, position, lengthBytes, alignmentBytes = 1 }: Table,
  fileBytes: number,
  { maxTableBytes }: Pick<ImageLimits, 'maxTableBytes'>,
): Violation[] {
  const isEmpty = lengthBytes === 0;
  const isTooLarge = !(lengthBytes <= maxTableBytes);
  const isOutside = !isEmpty && !(position + lengthBytes <= fileBytes);
  return judge([
    [isTooLarge, 'TABLE_SIZE', `the ${name} is larger than ${maxTableBytes} bytes`],
    [isOutside, 'OUTSIDE_FILE', `the ${name} lies outside of the file`],
    [!isEmpty && position === 0, 'CORRUPT', `the ${name} lies over the header`],
    [position % alignmentBytes !== 0, 'CORRUPT', `the ${name} does not begin where it has to`],
  ]).slice(0, 1);
}

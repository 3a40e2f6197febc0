/** Hostile headers and footers of VMDK images. */
import type { ViolationCode } from '../../../src/inspector/violation.ts';
import {
  appended,
  be32,
  field,
  le16,
  le32,
  le64,
  text,
  truncated,
  vmdkWithFooter,
  type Edit,
} from './bytes.ts';
import type { HostileImage } from './hostile.ts';

const sparse = 'vmdk 10M';
const streamed = 'vmdk subformat=streamOptimized 10M';

function shape(
  name: string,
  base: string,
  edits: readonly Edit[],
  ...codes: readonly ViolationCode[]
): HostileImage {
  return { name: `vmdk: ${name}`, base, edits, codes };
}

export const vmdkShapes: readonly HostileImage[] = [
  shape('the descriptor elsewhere', sparse, [le64(28, 40)], 'DESCRIPTOR'),
  shape('no place of the descriptor', sparse, [le64(28, 0)], 'DESCRIPTOR'),
  shape('2^62 sectors of descriptor', sparse, [le64(36, 2n ** 62n)], 'DESCRIPTOR'),
  shape('1 MiB of descriptor', sparse, [le64(36, 2048)], 'DESCRIPTOR'),
  shape('2^62 sectors', sparse, [le64(12, 2n ** 62n)], 'DESCRIPTOR', 'TABLE_SIZE', 'TOO_LARGE'),
  shape('grains of 0 sectors', sparse, [le64(20, 0)], 'CLUSTER_SIZE', 'TABLE_SIZE'),
  shape('grains of 2^21 sectors', sparse, [le64(20, 2 ** 21)], 'CLUSTER_SIZE'),
  shape('grains of 3 sectors', sparse, [le64(20, 3)], 'CLUSTER_SIZE'),
  shape('grain tables of 0 entries', sparse, [le32(44, 0)], 'CORRUPT'),
  shape('grain tables of 2^32-1 entries', sparse, [le32(44, 0xffffffff)], 'CORRUPT'),
  shape('the grain directory outside of the file', sparse, [le64(56, 2 ** 40)], 'OUTSIDE_FILE'),
  shape('the grain directory by an overflow', sparse, [le64(56, 2n ** 55n + 26n)], 'OUTSIDE_FILE'),
  shape('its copy outside of the file', sparse, [le64(48, 2 ** 40)], 'OUTSIDE_FILE'),
  shape('data behind the end of the file', sparse, [le64(64, 2 ** 40)], 'TRUNCATED'),
  shape('version 4', sparse, [le32(4, 4)], 'VERSION'),
  shape('an unknown compression', streamed, [le16(77, 2)], 'UNKNOWN_FEATURE'),
  shape('compression without its flag', sparse, [le16(77, 1)], 'UNKNOWN_FEATURE'),
  shape('a transfer as text', sparse, [text(73, '\n \n')], 'CORRUPT'),
  shape('not closed', sparse, [field(72, 1, 1)], 'CORRUPT'),
  shape('cut off in the header', sparse, [truncated(40)], 'CORRUPT', 'DESCRIPTOR', 'TRUNCATED'),
  shape('a footer with another capacity', streamed, [vmdkWithFooter(le64(12, 0))], 'AMBIGUOUS'),
  shape('a footer with another descriptor', streamed, [vmdkWithFooter(le64(28, 40))], 'AMBIGUOUS'),
  shape(
    'a footer that points to a footer',
    streamed,
    [vmdkWithFooter(le64(56, 2n ** 64n - 1n))],
    'OUTSIDE_FILE',
  ),
  shape('a footer that is missing', streamed, [le64(56, 2n ** 64n - 1n)], 'TRUNCATED'),
  shape(
    'a second header at the end',
    sparse,
    [(image) => appended(image.slice(0, 1024))(image)],
    'AMBIGUOUS',
  ),
  shape('COWD', sparse, [text(0, 'COWD')], 'NOT_ACCEPTED'),
  shape('SESPARSE', sparse, [be32(0, 0xbebafeca), be32(4, 0)], 'NOT_ACCEPTED'),
];

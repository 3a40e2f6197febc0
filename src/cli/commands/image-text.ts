/** Images as text for people. */
import type { ImageDescription } from '../../images/describe.ts';
import { formatExactSize, formatSize } from '../../sizes.ts';
import { formatProperties, formatTable } from '../table.ts';

export function describeImage(image: ImageDescription): Promise<string> {
  return formatProperties([
    ['image', `${image.instance}/${image.disk}`],
    ['backend', image.backend],
    ['format', image.format],
    ['path', image.path],
    ['virtual size', formatExactSize(image.virtualSizeBytes)],
    ['allocated', formatSize(image.allocatedBytes)],
    ['template', image.template ?? '-'],
    ['leans on', image.backing ?? '-'],
    ['snapshots', image.snapshots.length === 0 ? '-' : image.snapshots.join(', ')],
    ['made by', image.method ?? '-'],
    ['made at', image.createdAt ?? '-'],
  ]);
}

export function imageTable(images: readonly ImageDescription[]): Promise<string> {
  const rows = images.map((image) => [
    `${image.instance}/${image.disk}`,
    image.backend,
    image.format,
    formatSize(image.virtualSizeBytes),
    formatSize(image.allocatedBytes),
    image.template ?? '-',
    String(image.snapshots.length),
  ]);
  const head = ['IMAGE', 'BACKEND', 'FORMAT', 'SIZE', 'ALLOCATED', 'TEMPLATE', 'SNAPSHOTS'];
  return formatTable(head, rows);
}

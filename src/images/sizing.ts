/** Sizes of images and of what they are made of. */
import { inspectFile, requireSafe } from '../ingress/gate.ts';
import { checkSizeBytes } from '../sizes.ts';
import { templatePath } from '../templates/lookup.ts';
import { baseNameOf } from '../workspace/area.ts';
import { requireImage, type ImageHandle } from './context.ts';
import { tooSmall } from './operations/create.ts';

/** Of the image itself, or of the template or image file at `path`. */
export async function diskSize(image: ImageHandle, path?: string): Promise<number> {
  const { driver, address } = image;
  const isOwn = path === undefined || path === driver.path(address);
  // Backends on shared storage ignore the argument (B191).
  if (isOwn || driver.isSharedBlockStorage) return (await requireImage(image)).virtualSizeBytes;
  return fileSize(image, path);
}

/** B023-B027 */
export async function verifyBaseSize(
  image: ImageHandle,
  base: string,
  sizeBytes: number | undefined,
  baseSizeBytes: number | undefined,
): Promise<void> {
  if (sizeBytes === undefined) return;
  checkSizeBytes(sizeBytes);
  if (sizeBytes === 0 && baseSizeBytes === undefined) return;
  const path = base.startsWith('/') ? base : templatePath(image.config, base);
  const needed = baseSizeBytes ?? (await fileSize(image, path));
  if (sizeBytes < needed) throw tooSmall(sizeBytes, needed);
}

async function fileSize({ host, config, templates }: ImageHandle, path: string): Promise<number> {
  const name = baseNameOf(path);
  const template = path === templatePath(config, name) ? await templates.find(name) : undefined;
  if (template !== undefined) return template.virtualSizeBytes;
  const inspection = await inspectFile(host, path, config.limits);
  requireSafe(inspection);
  return inspection.virtualSizeBytes;
}

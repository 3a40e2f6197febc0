/** Finds out which driver holds an image: from its record, or from what is there. */
import { imageTypes, type ImageType } from '../config/config.ts';
import { imagePath, instanceDirectory } from '../config/layout.ts';
import { PlatterError } from '../errors.ts';
import { formatAddress, type ImageAddress } from '../names.ts';
import { statOrNothing } from '../workspace/once.ts';
import type { EngineContext, ImageHandle } from './context.ts';
import type { Driver, ImageFacts } from './driver.ts';
import { readDiskInfo } from './files/disk-info.ts';
import { descriptorPath } from './ploop/disk.ts';
import { lookForRecord, type ImageRecord, type Look } from './image-record.ts';

export interface FoundImage {
  readonly driver: Driver;
  readonly facts: ImageFacts;
}

export interface Purpose {
  /** Only its removal, for which it may be damaged. */
  readonly isToGo?: boolean;
}

/** The image as far as it has to be known to remove it. */
export function findToRemove(driver: Driver, address: ImageAddress, look?: Look) {
  return driver.findToRemove?.(address, look) ?? driver.find(address, look);
}

/** Undefined when nothing holds it, or not the one of type `only`. */
export async function findImage(
  context: EngineContext,
  address: ImageAddress,
  only?: ImageType,
  purpose: Purpose = {},
): Promise<FoundImage | undefined> {
  const { type: told, look } = await typeToldByFiles(context, address);
  for (const type of told === undefined ? storageTypes(context) : [told]) {
    if (only !== undefined && type !== only) continue;
    // Of storage the record is read after the look there: it is written before the image appears.
    const seen = told === undefined ? undefined : look;
    const found = await findAs(context, address, type, seen, purpose);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** An image of any type but `type`, where a record or a file tells of it; and what was looked at to tell. */
export async function findImageElsewhere(
  context: EngineContext,
  address: ImageAddress,
  type: ImageType,
): Promise<{ readonly elsewhere: FoundImage | undefined; readonly look: Look }> {
  const { type: told, look } = await typeToldByFiles(context, address);
  const isHere = told === undefined || told === type;
  return { elsewhere: isHere ? undefined : await findAs(context, address, told, look), look };
}

/** Before anything is copied: what stands there would only be met when the disk is published. */
export function requireNoDirectory({ config, driver, address }: ImageHandle, { file }: Look): void {
  const isInItsWay = driver.isFileInInstancePath && driver.type !== 'ploop';
  if (!isInItsWay || file?.there?.kind !== 'directory') return;
  const path = imagePath(config, address);
  throw new PlatterError(
    'ALREADY_EXISTS',
    `a directory stands in the place of ${formatAddress(address)}`,
    { details: { path }, hint: `find out what is in ${path}, and move it away` },
  );
}

async function findAs(
  context: EngineContext,
  address: ImageAddress,
  type: ImageType,
  look: Look | undefined,
  { isToGo = false }: Purpose = {},
) {
  const driver = context.drivers.get(type);
  const facts = await (isToGo ? findToRemove(driver, address, look) : driver.find(address, look));
  return facts === undefined ? undefined : { driver, facts };
}

/** Where images may be that nothing below the instances path tells of. */
function storageTypes({ drivers }: EngineContext): readonly ImageType[] {
  return drivers
    .all()
    .filter((driver) => !driver.isFileInInstancePath)
    .map((driver) => driver.type);
}

/** The type that must hold it, if one must: its record settles that, else the file that stands there. */
async function typeToldByFiles(
  { host, config }: EngineContext,
  address: ImageAddress,
): Promise<{ readonly type: ImageType | undefined; readonly look: Look }> {
  const { filesystem } = host;
  const path = imagePath(config, address);
  // In this order: a file that is there has its record already, but a record can be there before its file.
  const there = await statOrNothing(filesystem, path);
  const { record } = await lookForRecord(host, config, address);
  if (record.recorded !== undefined) {
    const type = typeOfRecord(record.recorded.content, address);
    return { type, look: there === undefined ? { record } : { record, file: { there } } };
  }
  const look = { record, file: { there } };
  if (there?.kind === 'file') {
    return { type: await typeOfForeignFile(filesystem, config, address), look };
  }
  // A directory with a descriptor is a ploop disk, of which Nova keeps nothing else (B119).
  const isPloop =
    there?.kind === 'directory' &&
    (await statOrNothing(filesystem, descriptorPath(path)))?.kind === 'file';
  return { type: isPloop ? 'ploop' : undefined, look };
}

/** One that a newer platter wrote may name what this one does not know. */
function typeOfRecord({ backend }: ImageRecord, address: ImageAddress): ImageType {
  if (imageTypes.includes(backend)) return backend;
  throw new PlatterError('CORRUPT', `the record of ${formatAddress(address)} names no backend`, {
    details: { ...address, backend },
    hint: 'it was damaged or written by a newer platter; platter audit tells where it is',
  });
}

/** A file that Nova made: disk.info knows its format; without an entry the configured type decides, as it did in Nova. */
async function typeOfForeignFile(
  filesystem: EngineContext['host']['filesystem'],
  config: EngineContext['config'],
  address: ImageAddress,
): Promise<ImageType> {
  const formats = await readDiskInfo(filesystem, instanceDirectory(config, address.instance));
  const format = formats[imagePath(config, address)];
  if (format !== undefined) return format === 'qcow2' ? 'qcow2' : 'flat';
  return config.defaultImageType === 'qcow2' ? 'qcow2' : 'flat';
}

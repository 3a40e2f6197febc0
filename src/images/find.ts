/** Finds out which driver holds an image: from its record, or from what is there. */
import { imageTypes, type ImageType } from '../config/config.ts';
import { imagePath, instanceDirectory } from '../config/layout.ts';
import { isHostError, PlatterError } from '../errors.ts';
import { formatAddress, type ImageAddress } from '../names.ts';
import type { FileKind, Filesystem } from '../ports/filesystem.ts';
import { readRecord } from '../workspace/record.ts';
import type { EngineContext } from './context.ts';
import type { Driver, ImageFacts } from './driver.ts';
import { readDiskInfo } from './files/disk-info.ts';
import { descriptorPath } from './ploop/disk.ts';
import type { ImageRecord } from './image-record.ts';

export interface FoundImage {
  readonly driver: Driver;
  readonly facts: ImageFacts;
}

/** Undefined when nothing holds it, or not the one of type `only`. */
export async function findImage(
  context: EngineContext,
  address: ImageAddress,
  only?: ImageType,
): Promise<FoundImage | undefined> {
  const told = await typeToldByFiles(context, address);
  for (const type of told === undefined ? storageTypes(context) : [told]) {
    if (only !== undefined && type !== only) continue;
    const found = await findAs(context, address, type);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** An image of any type but `type`, where a record or a file tells of it. */
export async function findImageElsewhere(
  context: EngineContext,
  address: ImageAddress,
  type: ImageType,
): Promise<FoundImage | undefined> {
  const told = await typeToldByFiles(context, address);
  return told === undefined || told === type ? undefined : findAs(context, address, told);
}

async function findAs(context: EngineContext, address: ImageAddress, type: ImageType) {
  const driver = context.drivers.get(type);
  const facts = await driver.find(address);
  return facts === undefined ? undefined : { driver, facts };
}

/** Where images may be that nothing below the instances path tells of. */
function storageTypes({ drivers }: EngineContext): readonly ImageType[] {
  return drivers
    .all()
    .filter((driver) => !driver.isFileInInstancePath)
    .map((driver) => driver.type);
}

/** The type that must hold it: its record settles that, else the file that stands there. */
async function typeToldByFiles(
  { host, config }: EngineContext,
  address: ImageAddress,
): Promise<ImageType | undefined> {
  const { filesystem } = host;
  const directory = instanceDirectory(config, address.instance);
  const record = await readRecord<ImageRecord>(filesystem, directory, address.disk);
  if (record !== undefined) return typeOfRecord(record.content, address);
  const path = imagePath(config, address);
  const kind = await kindOf(filesystem, path);
  if (kind === 'file') return typeOfForeignFile(filesystem, config, address);
  // A directory with a descriptor is a ploop disk, of which Nova keeps nothing else (B119).
  const isPloop =
    kind === 'directory' && (await kindOf(filesystem, descriptorPath(path))) === 'file';
  return isPloop ? 'ploop' : undefined;
}

/** One that a newer platter wrote may name what this one does not know. */
function typeOfRecord({ backend }: ImageRecord, address: ImageAddress): ImageType {
  if (imageTypes.includes(backend)) return backend;
  throw new PlatterError('CORRUPT', `the record of ${formatAddress(address)} names no backend`, {
    details: { ...address, backend },
    hint: 'it was damaged or written by a newer platter; platter audit tells where it is',
  });
}

async function kindOf(filesystem: Filesystem, path: string): Promise<FileKind | undefined> {
  try {
    return (await filesystem.stat(path)).kind;
  } catch (error) {
    if (isHostError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
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

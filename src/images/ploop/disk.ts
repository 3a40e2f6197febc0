/** Ploop disks as they are on disk: a directory with images, and the descriptor that says what they are. */
import type { Config } from '../../config/config.ts';
import { imagePath, instanceDirectory } from '../../config/layout.ts';
import { isHostError, PlatterError } from '../../errors.ts';
import { formatAddress, type ImageAddress } from '../../names.ts';
import type { Filesystem } from '../../ports/filesystem.ts';
import { listDirectory } from '../../workspace/area.ts';
import { readRecord } from '../../workspace/record.ts';
import type { ImageFacts, SnapshotFacts } from '../driver.ts';
import type { ImageRecord } from '../image-record.ts';
import {
  blockBytes,
  descriptorFile,
  parseDescriptor,
  topGuid,
  type Descriptor,
} from './descriptor.ts';

export function descriptorPath(directory: string): string {
  return `${directory}/${descriptorFile}`;
}

export async function readDescriptor(
  filesystem: Filesystem,
  directory: string,
): Promise<Descriptor> {
  return parseDescriptor(await filesystem.readText(descriptorPath(directory)));
}

/** Undefined when there is none; also where the record tells of another type, or of a disk that has no descriptor. */
export async function findPloopDisk(
  filesystem: Filesystem,
  config: Config,
  address: ImageAddress,
): Promise<ImageFacts | undefined> {
  const path = imagePath(config, address);
  let descriptor: Descriptor;
  try {
    descriptor = await readDescriptor(filesystem, path);
  } catch (error) {
    if (isHostError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
  const directory = instanceDirectory(config, address.instance);
  const record = await readRecord<ImageRecord>(filesystem, directory, address.disk);
  if (record !== undefined && record.content.backend !== 'ploop') return undefined;
  return {
    address,
    path,
    format: 'ploop',
    virtualSizeBytes: descriptor.sizeBytes,
    granuleBytes: blockBytes,
    allocatedBytes: await allocatedBytes(filesystem, path),
    template: record?.content.template ?? null,
    snapshots: snapshotsOf(descriptor),
    backing: null,
    method: record?.content.method ?? null,
    createdAt: record?.content.createdAt ?? null,
    recordId: record?.id ?? null,
  };
}

/** B171: the sum of its files. */
async function allocatedBytes(filesystem: Filesystem, directory: string): Promise<number> {
  let sum = 0;
  for (const { name, kind } of await listDirectory(filesystem, directory)) {
    if (kind === 'file') sum += (await filesystem.stat(`${directory}/${name}`)).allocatedBytes;
  }
  return sum;
}

/** Those that others made go by their identifiers. */
function snapshotsOf({ shots, sizeBytes }: Descriptor): readonly SnapshotFacts[] {
  return shots
    .filter(({ guid, isTemporary }) => guid !== topGuid && !isTemporary)
    .map(({ guid, note }) => ({
      name: note?.name ?? guid.replace(/[{}]/g, ''),
      id: guid,
      sizeBytes: note?.sizeBytes ?? sizeBytes,
      createdAt: note?.createdAt ?? null,
    }))
    .sort((a, b) => ((a.createdAt ?? '') < (b.createdAt ?? '') ? -1 : 1));
}

/**
 * IN_USE while a container has it mounted: the kernel module of OpenVZ then names its images. (That this finds them was
 * not tried: it needs such a kernel. Without one nothing can be mounted.)
 */
export async function requireNotMounted(
  filesystem: Filesystem,
  { address, path }: Pick<ImageFacts, 'address' | 'path'>,
): Promise<void> {
  for (const { name: device } of await listDirectory(filesystem, '/sys/block')) {
    if (!device.startsWith('ploop')) continue;
    for (const { name: level } of await listDirectory(filesystem, `/sys/block/${device}/pdelta`)) {
      const image = await filesystem
        .readText(`/sys/block/${device}/pdelta/${level}/image`)
        .catch(() => '');
      if (!image.trim().startsWith(`${path}/`)) continue;
      throw new PlatterError('IN_USE', `${formatAddress(address)} is mounted`, {
        details: { device },
        hint: 'stop the container that uses it, and try again',
      });
    }
  }
}

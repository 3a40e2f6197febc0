/** Finds images that are files, and what they are: without starting a tool, and without probing what a guest wrote. */
import { PlatterError } from '../../errors.ts';
import type { Config, ImageType } from '../../config/config.ts';
import { imagePath, instanceDirectory, templatesDirectory } from '../../config/layout.ts';
import { ofDisk, type ProvenImage } from '../../ingress/proven.ts';
import type { ToolFormat } from '../../inspector/inspect.ts';
import type { LibvirtSource } from '../../libvirt/source.ts';
import { isName, type ImageAddress } from '../../names.ts';
import type { FileStat, Filesystem } from '../../ports/filesystem.ts';
import { sectorBytes, roundUp } from '../../sizes.ts';
import { baseNameOf, parentOf } from '../../workspace/area.ts';
import { statOrNothing } from '../../workspace/once.ts';
import type { ImageFacts, SnapshotFacts } from '../driver.ts';
import { lookForRecord, type Look } from '../image-record.ts';
import { readDiskInfo } from './disk-info.ts';
import { describeAssumed, describeQcow2 } from './qcow2-state.ts';

/** The record and the format of a disk: from platter's record, else from disk.info, else what the type makes. */
export async function readFormat(
  filesystem: Filesystem,
  config: Config,
  address: ImageAddress,
  formatDefault: string,
  look?: Look,
) {
  const directory = instanceDirectory(config, address.instance);
  const { recorded: record } = (look ?? (await lookForRecord({ filesystem }, config, address)))
    .record;
  if (record !== undefined) return { record, format: record.content.format, isAssumed: false };
  const formats = await readDiskInfo(filesystem, directory);
  const format = formats[imagePath(config, address)];
  return { record, format: format ?? formatDefault, isAssumed: format === undefined };
}

/**
 * Undefined when there is no file, or one that is recorded as an image of another type. `readSnapshots` tells the
 * snapshots where the file itself does not hold them.
 */
export async function findFileImage(
  filesystem: Filesystem,
  config: Config,
  address: ImageAddress,
  own: { type: ImageType; format: ToolFormat },
  {
    look,
    readSnapshots,
    isToGo = false,
  }: {
    readonly look?: Look | undefined;
    /** One of platter's own, by its record, that is damaged is found too. */
    readonly isToGo?: boolean;
    readonly readSnapshots?: (format: string) => Promise<readonly SnapshotFacts[]>;
  },
): Promise<ImageFacts | undefined> {
  const path = imagePath(config, address);
  const stat = asFile(path, look?.file ?? { there: await statOrNothing(filesystem, path) });
  if (stat === undefined) return undefined;
  const known = await readFormat(filesystem, config, address, own.format, look);
  const { record, format } = known;
  const describe = known.isAssumed ? describeAssumed : describeQcow2;
  if (record !== undefined && record.content.backend !== own.type) return undefined;
  const asItIs = {
    virtualSizeBytes: roundUp(stat.sizeBytes, sectorBytes),
    snapshots: [],
    backing: null,
  };
  const content =
    format === 'qcow2'
      ? await describe(filesystem, path).catch((error: unknown) => {
          if (!isToGo || record === undefined || !isDamage(error)) throw error;
          return { ...asItIs, isDamaged: true };
        })
      : asItIs;
  return {
    address,
    path,
    format,
    virtualSizeBytes: content.virtualSizeBytes,
    granuleBytes: sectorBytes,
    allocatedBytes: stat.allocatedBytes,
    template: record?.content.template ?? templateOf(config, content.backing),
    templateSha256: record?.content.templateSha256 ?? null,
    ...('isDamaged' in content ? { isDamaged: true } : {}),
    snapshots: readSnapshots === undefined ? content.snapshots : await readSnapshots(format),
    backing: content.backing,
    method: record?.content.method ?? null,
    createdAt: record?.content.createdAt ?? null,
    recordId: record?.id ?? null,
  };
}

function isDamage(error: unknown): boolean {
  return PlatterError.is(error) && error.code === 'CORRUPT';
}

function asFile(path: string, { there: stat }: NonNullable<Look['file']>): FileStat | undefined {
  if (stat === undefined || stat.kind === 'directory') return undefined;
  if (stat.kind === 'file') return stat;
  throw new PlatterError('UNSAFE_IMAGE', 'the disk is no regular file', {
    details: { path, kind: stat.kind },
    hint: 'platter makes no links and no devices there: find out who did',
  });
}

function templateOf(config: Config, backing: string | null): string | null {
  if (backing === null) return null;
  return parentOf(backing) === templatesDirectory(config) ? baseNameOf(backing) : null;
}

/** The disk, a link to it or a copy, as tools may open it: its format is recorded, and its guest cannot change that. */
export function openable(
  { format, virtualSizeBytes, backing, path: own }: ImageFacts,
  path = own,
): ProvenImage {
  return ofDisk(path, format as ToolFormat, virtualSizeBytes, backing);
}

/** The disk behind a path as libvirt has it, which must be one of the instance. */
export function parseImagePath(config: Config, instance: string, path: string): ImageAddress {
  const address = { instance, disk: baseNameOf(path) };
  if (isName('disk', address.disk) && imagePath(config, address) === path) return address;
  throw new PlatterError('INVALID_ARGUMENT', `the path is no disk of instance "${instance}"`, {
    details: { path },
    hint: `its disks are in ${instanceDirectory(config, instance)}`,
  });
}

/** Native I/O for disks whose space is reserved (B006). */
export async function fileSource(
  filesystem: Filesystem,
  config: Config,
  address: ImageAddress,
  formatDefault: string,
): Promise<LibvirtSource> {
  const { format } = await readFormat(filesystem, config, address, formatDefault);
  const io = config.preallocateImages === 'space' ? 'native' : undefined;
  return { type: 'file', path: imagePath(config, address), format, io };
}

/** How much a copy of its content has at most: what it leans on counts, and what is compressed. */
export function contentBytes({ format, allocatedBytes, virtualSizeBytes }: ImageFacts): number {
  return format === 'raw' ? allocatedBytes : virtualSizeBytes;
}

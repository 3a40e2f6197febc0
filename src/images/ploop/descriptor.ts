/**
 * DiskDescriptor.xml (B119): the size of a ploop disk, its images, and its snapshots. Read and written as ploop 1.15 does;
 * the names of snapshots, which ploop does not know, stand in an element `Platter` of theirs, which it passes over when
 * it reads, and leaves out when it writes.
 */
import type { XMLBuilder } from 'xmlbuilder2/lib/interfaces.js';
import { PlatterError } from '../../errors.ts';
import { sectorBytes } from '../../sizes.ts';
import { isWellFormed } from './well-formed.ts';

/** Of whatever is on top: what the disk is now. */
export const topGuid = '{5fbaabe3-6958-40ff-92a7-860e329aab41}';
const noGuid = '{00000000-0000-0000-0000-000000000000}';

export const descriptorFile = 'DiskDescriptor.xml';
export const baseFile = 'root.hds';

/** 1 MiB, the cluster of ploop. */
export const blockBytes = 1024 * 1024;

export interface PloopImage {
  readonly guid: string;
  /** `Plain` for a disk whose first image is raw, `Compressed` for an expanded one. */
  readonly type: 'Plain' | 'Compressed';
  /** Name in the directory of the disk. */
  readonly file: string;
}

interface PloopShot {
  readonly guid: string;
  /** Undefined for the oldest. */
  readonly parent: string | undefined;
  /** Deleted, but still leant on. */
  readonly isTemporary: boolean;
  /** Undefined where platter did not make it, and of the top. */
  readonly note: ShotNote | undefined;
}

export interface ShotNote {
  readonly name: string;
  readonly sizeBytes: number;
  /** ISO time in UTC. */
  readonly createdAt: string;
}

export interface Descriptor {
  readonly sizeBytes: number;
  readonly blockSectors: number;
  readonly images: readonly PloopImage[];
  /** The top is one of them. */
  readonly shots: readonly PloopShot[];
}

const importXml = async () => (await import('xmlbuilder2')).default;
let loading: ReturnType<typeof importXml> | undefined;

/** Only when the first descriptor is met: most commands meet none. A simulated world has to load it before its time runs. */
export function loadXml() {
  loading ??= importXml();
  return loading;
}

/** CORRUPT where it is not what ploop writes, UNSAFE_IMAGE where it names files elsewhere. */
export async function parseDescriptor(text: string): Promise<Descriptor> {
  if (!isWellFormed(text)) throw damaged('it is no well-formed XML');
  const xml = await loadXml();
  const root = xml.create(text).root();
  if (root.node.nodeName !== 'Parallels_disk_image') throw damaged('it describes no disk');
  const storage = child(child(root, 'StorageData'), 'Storage');
  const snapshots = child(root, 'Snapshots');
  if (textOf(snapshots, 'TopGUID') !== topGuid) throw damaged('its top is unknown');
  const descriptor = {
    sizeBytes: numberOf(child(root, 'Disk_Parameters'), 'Disk_size') * sectorBytes,
    blockSectors: numberOf(storage, 'Blocksize'),
    images: children(storage, 'Image').map(imageOf),
    shots: children(snapshots, 'Shot').map(shotOf),
  };
  checkTree(descriptor);
  return descriptor;
}

function checkTree({ images, shots }: Descriptor): void {
  const guids = new Set(shots.map(({ guid }) => guid));
  const areAllThere =
    guids.size === shots.length &&
    images.length === shots.length &&
    guids.has(topGuid) &&
    images.every(({ guid }) => guids.has(guid)) &&
    shots.every(({ parent }) => parent === undefined || guids.has(parent));
  if (!areAllThere) throw damaged('its images and snapshots do not fit');
  // A chain that leads nowhere: following it must end.
  for (const { guid } of shots) {
    if (chainOf({ shots }, guid).length > shots.length)
      throw damaged('its snapshots go in circles');
  }
}

/** From the oldest to `guid`. */
export function chainOf({ shots }: Pick<Descriptor, 'shots'>, guid: string): readonly string[] {
  const chain: string[] = [];
  for (let at: string | undefined = guid; at !== undefined && chain.length <= shots.length;) {
    chain.unshift(at);
    const current: string = at;
    at = shots.find((shot) => shot.guid === current)?.parent;
  }
  return chain;
}

/** File names are names: ploop itself would follow a path to any file of the host. */
function imageOf(image: XMLBuilder): PloopImage {
  const file = textOf(image, 'File');
  if (file.includes('/') || file === '' || file === '.' || file === '..') {
    throw new PlatterError('UNSAFE_IMAGE', 'the ploop disk names files outside of its directory', {
      details: { file },
      hint: 'platter works on disks whose images lie beside their descriptor',
    });
  }
  const type = textOf(image, 'Type');
  if (type !== 'Plain' && type !== 'Compressed') throw damaged('an image is of an unknown type');
  return { guid: textOf(image, 'GUID'), type, file };
}

function shotOf(shot: XMLBuilder): PloopShot {
  const parent = textOf(shot, 'ParentGUID');
  const [note] = children(shot, 'Platter');
  return {
    guid: textOf(shot, 'GUID'),
    parent: parent === noGuid ? undefined : parent,
    isTemporary: children(shot, 'Temporary').length > 0,
    note:
      note === undefined
        ? undefined
        : {
            name: textOf(note, 'Name'),
            sizeBytes: numberOf(note, 'SizeBytes'),
            createdAt: textOf(note, 'CreatedAt'),
          },
  };
}

function children(of: XMLBuilder, name: string): XMLBuilder[] {
  return of.filter((node) => node.node.nodeName === name, false, false);
}

function child(of: XMLBuilder, name: string): XMLBuilder {
  const [first, ...others] = children(of, name);
  if (first === undefined || others.length > 0) throw damaged(`it has not one element ${name}`);
  return first;
}

function textOf(of: XMLBuilder, name: string): string {
  return (child(of, name).node.textContent ?? '').trim();
}

function numberOf(of: XMLBuilder, name: string): number {
  const text = textOf(of, name);
  const number = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number * sectorBytes)) {
    throw damaged(`its ${name} is no size`);
  }
  return number;
}

function damaged(reason: string): PlatterError {
  return new PlatterError('CORRUPT', `the descriptor of the ploop disk cannot be read: ${reason}`, {
    hint: 'ploop restore-descriptor makes a new one for a disk without snapshots',
  });
}

/** Of a disk that is one raw image. */
export function newDescriptor(sizeBytes: number): Descriptor {
  return {
    sizeBytes,
    blockSectors: blockBytes / sectorBytes,
    images: [{ guid: topGuid, type: 'Plain', file: baseFile }],
    shots: [{ guid: topGuid, parent: undefined, isTemporary: false, note: undefined }],
  };
}

const heads = 16;
const sectorsPerTrack = 32;

export async function formatDescriptor(descriptor: Descriptor): Promise<string> {
  const xml = await loadXml();
  const sectors = descriptor.sizeBytes / sectorBytes;
  const document = xml.create({ version: '1.0' }).ele('Parallels_disk_image');
  document.ele('Disk_Parameters').ele({
    Disk_size: sectors,
    Cylinders: Math.floor(sectors / (heads * sectorsPerTrack)),
    Heads: heads,
    Sectors: sectorsPerTrack,
    Padding: 0,
  });
  const storage = document
    .ele('StorageData')
    .ele('Storage')
    .ele({ Start: 0, End: sectors, Blocksize: descriptor.blockSectors });
  for (const { guid, type, file } of descriptor.images) {
    storage.up().ele('Image').ele({ GUID: guid, Type: type, File: file });
  }
  const snapshots = document.ele('Snapshots');
  snapshots.ele('TopGUID').txt(topGuid);
  for (const { guid, parent, isTemporary, note } of descriptor.shots) {
    snapshots.ele('Shot').ele({
      GUID: guid,
      ParentGUID: parent ?? noGuid,
      ...(isTemporary ? { Temporary: {} } : {}),
      ...(note === undefined
        ? {}
        : {
            Platter: { Name: note.name, SizeBytes: note.sizeBytes, CreatedAt: note.createdAt },
          }),
    });
  }
  return `${document.end({ prettyPrint: true })}\n`;
}

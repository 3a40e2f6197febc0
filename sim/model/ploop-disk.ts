/** What a ploop disk is to whoever looks into its directory: images, each over the one that it came after, and names. */
import { readDescriptor, topGuid, type SimDescriptor } from '../tools/ploop/descriptor.ts';
import { asRaw } from '../tools/qemu-img/image.ts';
import { overlay, resize, type RawContent } from '../volume/content.ts';
import type { Inode } from '../volume/inode.ts';
import type { Volume } from '../volume/volume.ts';

const sectorBytes = 512;

export interface PloopDisk {
  readonly sizeBytes: number;
  readonly content: RawContent;
  /** What snapshots have in them, by the names that platter keeps beside what ploop knows. */
  readonly snapshots: ReadonlyMap<string, RawContent>;
  /** Everything that the descriptor names. */
  readonly images: ReadonlySet<Inode>;
  /** From the oldest image to the one that is written to: names and files. */
  readonly chain: readonly Image[];
}

interface Image {
  readonly path: string;
  readonly inode: Inode;
}

/** Undefined where there is none: no descriptor, one that cannot be read, or an image that is missing. */
export function readPloopDisk(volume: Volume, path: string): PloopDisk | undefined {
  const text = textOf(volume, `${path}/DiskDescriptor.xml`);
  const descriptor = text === undefined ? undefined : readDescriptor(text);
  if (text === undefined || descriptor === undefined) return undefined;
  const images = new Map<string, Image>();
  for (const [guid, file] of descriptor.files) {
    const inode = volume.peek(`${path}/${file}`);
    if (inode?.kind !== 'file') return undefined;
    images.set(guid, { path: `${path}/${file}`, inode });
  }
  const sizeBytes = descriptor.sectors * sectorBytes;
  const chain = chainOf(descriptor, images, topGuid);
  const snapshots = new Map<string, RawContent>();
  for (const { guid, name, sizeBytes: sizeThen } of namedShots(text)) {
    snapshots.set(name, contentOf(volume, chainOf(descriptor, images, guid), sizeThen));
  }
  return {
    sizeBytes,
    content: contentOf(volume, chain, sizeBytes),
    snapshots,
    images: new Set([...images.values()].map(({ inode }) => inode)),
    chain,
  };
}

function textOf(volume: Volume, path: string): string | undefined {
  const inode = volume.peek(path);
  return inode?.kind === 'file' ? volume.text(inode) : undefined;
}

/** The image that everything begins with first. */
function chainOf(
  { shots }: SimDescriptor,
  images: ReadonlyMap<string, Image>,
  last: string,
): readonly Image[] {
  const parents = new Map(shots.map(({ guid, parent }) => [guid, parent]));
  const chain: Image[] = [];
  for (let guid: string | undefined = last; guid !== undefined && chain.length <= images.size;) {
    const image = images.get(guid);
    if (image === undefined) break;
    chain.unshift(image);
    guid = parents.get(guid);
  }
  return chain;
}

/** What a guest reads of a chain of images. */
export function contentOf(volume: Volume, chain: readonly Image[], sizeBytes: number): RawContent {
  let content: RawContent = { kind: 'raw', sizeBytes, extents: [] };
  for (const { inode } of chain) {
    content = overlay(resize(asRaw(volume.content(inode)), sizeBytes), content);
  }
  return content;
}

function namedShots(text: string) {
  return [...text.matchAll(/<Shot>(.*?)<\/Shot>/gs)].flatMap(([, shot = '']) => {
    const name = /<Name>([^<]*)</.exec(shot)?.[1];
    if (name === undefined) return [];
    const guid = /<GUID>([^<]*)</.exec(shot)?.[1] ?? '';
    return [{ guid, name, sizeBytes: Number(/<SizeBytes>(\d+)</.exec(shot)?.[1]) }];
  });
}

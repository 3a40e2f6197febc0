/** A simulated host with ploop disks, for the contract suites. */
import { readDescriptor, topGuid } from '../../sim/tools/ploop/descriptor.ts';
import { asRaw } from '../../sim/tools/qemu-img/image.ts';
import { overlay, readRaw, resize, write, type RawContent } from '../../sim/volume/content.ts';
import type { Volume } from '../../sim/volume/volume.ts';
import type { ImageWorld } from '../contract/images.contract.ts';
import { simImages } from './sim-world.ts';

export function simPloopImages(): () => Promise<ImageWorld> {
  const makeWorld = simImages();
  return async () => {
    const base = await makeWorld();
    const { volume } = base.world;
    return {
      ...base,
      async write(image, position, byte) {
        const { path } = await image.info();
        const top = `${path}/${descriptorOf(volume, path).files.get(topGuid) ?? ''}`;
        const inode = volume.findFile(top);
        const source = new Uint8Array(65_536).fill(byte);
        const written = { length: source.length, source };
        volume.setContent(inode, write(asRaw(volume.content(inode)), position, written), top);
      },
      async read(path, format, position) {
        if (format !== 'ploop') return base.read(path, format, position);
        const buffer = new Uint8Array(1);
        readRaw(contentOf(volume, path), buffer, position);
        return buffer[0] ?? 0;
      },
      check: async (image) => {
        contentOf(volume, (await image.info()).path);
      },
    };
  };
}

function descriptorOf(volume: Volume, path: string) {
  const text = volume.text(volume.findFile(`${path}/DiskDescriptor.xml`)) ?? '';
  const descriptor = readDescriptor(text);
  if (descriptor === undefined) throw new Error(`${path} has no descriptor: ${text}`);
  return descriptor;
}

/** What a guest reads: each image over the one that it came after. */
function contentOf(volume: Volume, path: string): RawContent {
  const { files, shots, sectors } = descriptorOf(volume, path);
  let content: RawContent | undefined;
  for (let guid: string | undefined = topGuid; guid !== undefined;) {
    const file = files.get(guid);
    if (file === undefined) break;
    const lower = resize(asRaw(volume.content(volume.findFile(`${path}/${file}`))), sectors * 512);
    content = content === undefined ? lower : overlay(content, lower);
    const current: string = guid;
    guid = shots.find((shot) => shot.guid === current)?.parent;
  }
  if (content === undefined) throw new Error(`${path} has no image`);
  return content;
}

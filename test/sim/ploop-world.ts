/** A simulated host with ploop disks, for the contract suites. */
import { readPloopDisk, type PloopDisk } from '../../sim/model/ploop-disk.ts';
import { asRaw } from '../../sim/tools/qemu-img/image.ts';
import { readRaw, write } from '../../sim/volume/content.ts';
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
        const top = diskOf(volume, path).chain.at(-1);
        if (top === undefined) throw new Error(`${path} has no image`);
        const { inode } = top;
        const source = new Uint8Array(65_536).fill(byte);
        const written = { length: source.length, source };
        volume.setContent(inode, write(asRaw(volume.content(inode)), position, written), top.path);
      },
      async read(path, format, position) {
        if (format !== 'ploop') return base.read(path, format, position);
        const buffer = new Uint8Array(1);
        readRaw(diskOf(volume, path).content, buffer, position);
        return buffer[0] ?? 0;
      },
      check: async (image) => {
        diskOf(volume, (await image.info()).path);
      },
    };
  };
}

function diskOf(volume: Volume, path: string): PloopDisk {
  const disk = readPloopDisk(volume, path);
  if (disk === undefined) throw new Error(`${path} is no ploop disk`);
  return disk;
}

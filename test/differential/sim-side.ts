/** The simulated side. Its guest writes literal bytes into the content that the simulated volume keeps. */
import { simHost, type SimHostOptions } from '../../sim/sim-host.ts';
import { openImage, readImage, ToolFailure } from '../../sim/tools/qemu-img/image.ts';
import { readRaw, write } from '../../sim/volume/content.ts';
import type { Side } from './side.ts';

export async function simSide(options: SimHostOptions = {}): Promise<Side> {
  const { host, world } = simHost(options);
  const { volume } = world;
  const directory = '/work';
  await host.filesystem.makeDirectory(directory);

  /** Opens and closes an image as qemu does, whole chain and all. */
  const view = (path: string, format: string) => {
    const held: (() => void)[] = [];
    try {
      const image = openImage({ volume, stores: world.stores, held }, { path, format }, 'read');
      return { inode: image.inode, guest: readImage(volume, image) };
    } catch (error) {
      if (error instanceof ToolFailure) return undefined;
      throw error;
    } finally {
      for (const giveBack of held) giveBack();
    }
  };

  return {
    name: 'simulated',
    host,
    directory,
    runBytes: 4096,
    write(path, format, { position, length }, byte) {
      const opened = view(path, format);
      if (opened === undefined || position + length > opened.guest.sizeBytes) {
        return Promise.resolve(false);
      }
      const { inode } = opened;
      const content = volume.content(inode);
      const source = { length, source: new Uint8Array(length).fill(byte) };
      const written =
        content.kind === 'raw'
          ? write(content, position, source)
          : { ...content, layer: write(content.layer, position, source) };
      volume.setContent(inode, written, path);
      return Promise.resolve(true);
    },
    bytesAt(path, format, positions) {
      const opened = view(path, format);
      if (opened === undefined) return Promise.resolve(undefined);
      const bytes = positions.map((position) => {
        const buffer = new Uint8Array(1);
        readRaw(opened.guest, buffer, position);
        return buffer[0] ?? 0;
      });
      return Promise.resolve(bytes);
    },
    dispose: () => Promise.resolve(),
  };
}

/**
 * Containers that have ploop disks mounted. No kernel of OpenVZ was there to be recorded: that a mounted disk is named
 * below `/sys/block`, and only on the host that has mounted it, is what its documentation says.
 */
import { changes, slice, splice, type RawContent } from '../volume/content.ts';
import { asRaw } from '../tools/qemu-img/image.ts';
import { addNode, createDevice, removeNode, type Device } from '../volume/device.ts';
import type { Inode } from '../volume/inode.ts';
import type { Volume } from '../volume/volume.ts';
import { hostPath } from '../host-path.ts';
import { contentOf, type PloopDisk } from './ploop-disk.ts';

export class PloopMounts {
  readonly #volume: Volume;
  readonly #mounted = new Map<string, string>();
  #next = 0;

  constructor(volume: Volume) {
    this.#volume = volume;
  }

  /** Undefined where it is mounted already. */
  deviceOf(path: string, disk: PloopDisk): Inode | undefined {
    if (this.#mounted.has(path)) return undefined;
    const device = new MountedDisk(this.#volume, disk, () => this.#mount(path, disk));
    return createDevice(this.#volume, device);
  }

  #mount(path: string, { chain }: PloopDisk) {
    const device = hostPath(this.#volume.actingHost, `/sys/block/ploop${this.#next++}`);
    this.#mounted.set(path, device);
    this.#addDirectory(`${device}/pdelta`);
    chain.forEach((image, level) => {
      this.#addDirectory(`${device}/pdelta/${level}`);
      const file = this.#volume.tree.create('file', 0o444);
      file.node.setString(`${image.path}\n`);
      addNode(this.#volume, `${device}/pdelta/${level}/image`, file);
    });
    const unmount = () => {
      this.#mounted.delete(path);
      removeNode(this.#volume, device);
    };
    return { close: unmount, die: unmount };
  }

  /** With all that lead there. */
  #addDirectory(path: string): void {
    const parts = path.split('/').slice(1);
    for (let length = 1; length <= parts.length; length += 1) {
      const part = `/${parts.slice(0, length).join('/')}`;
      if (this.#volume.peek(part) !== undefined) continue;
      addNode(this.#volume, part, this.#volume.tree.create('directory', 0o555));
    }
  }
}

/** Has the files open that were its images when it was mounted, and writes to the newest. */
class MountedDisk implements Device {
  readonly #volume: Volume;
  readonly #disk: PloopDisk;
  readonly open: NonNullable<Device['open']>;

  constructor(volume: Volume, disk: PloopDisk, open: NonNullable<Device['open']>) {
    this.#volume = volume;
    this.#disk = disk;
    this.open = open;
  }

  read(): RawContent {
    return contentOf(this.#volume, this.#disk.chain, this.#disk.sizeBytes);
  }

  write(content: RawContent): void {
    const top = this.#disk.chain.at(-1);
    if (top === undefined) return;
    let after = asRaw(this.#volume.content(top.inode));
    for (const { at, length } of changes(this.read(), content)) {
      after = splice(after, at, slice(content, at, at + length));
    }
    this.#volume.setContent(top.inode, after, top.path);
  }

  sync(): void {
    const top = this.#disk.chain.at(-1);
    if (top !== undefined) this.#volume.sync(top.inode);
  }
}

import type { Invariant } from '../model/invariant.ts';
import { diskPath } from '../model/layout.ts';
import type { Model } from '../model/model.ts';
import { readPloopDisk } from '../model/ploop-disk.ts';
import { fileBytes } from '../volume/file-content.ts';

export const ploopLengths: Invariant = {
  id: 'ploop-lengths',
  description: 'the image of a ploop disk is at least as long as its descriptor says',
  onChange: (model, { meaning }) => (meaning.kind === 'disk' ? check(model) : undefined),
  onPowerCut: (model) => check(model),
  onRecovered: (model) => check(model),
};

function check({ disks, scenario, world }: Model): string | undefined {
  if (scenario.backend !== 'ploop') return undefined;
  for (const address of disks.keys()) {
    const disk = readPloopDisk(world.volume, diskPath(address));
    const [only, ...others] = disk?.chain ?? [];
    // Below a snapshot, an image may be of the time when the disk was smaller.
    if (disk === undefined || only === undefined || others.length > 0) continue;
    const sizeBytes = fileBytes(world.volume.content(only.inode));
    if (sizeBytes >= disk.sizeBytes) continue;
    return `${only.path} has ${sizeBytes} bytes, and its descriptor says ${disk.sizeBytes}`;
  }
  return undefined;
}

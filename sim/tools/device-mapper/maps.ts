/** What tools do with the maps of device-mapper. */
import type { VolumeGroup } from '../../volume-group/volume-group.ts';
import { CryptDevice } from '../cryptsetup/crypt-device.ts';
import type { ToolStep } from '../program.ts';

export function isMapOpen(group: VolumeGroup, name: string): boolean {
  const inode = group.maps.get(name);
  if (inode === undefined) return false;
  const openers = inode.device instanceof CryptDevice ? inode.device.openers : 0;
  return inode.readers + inode.writers + openers > 0;
}

export function busyText(name: string): string {
  return `device-mapper: remove ioctl on ${name}  failed: Device or resource busy`;
}

/** The device, then its node: between the two the node is one of nothing (killed.json). */
export function* removeMap(group: VolumeGroup, name: string): Generator<ToolStep, void, void> {
  const device = group.maps.get(name)?.device;
  if (device instanceof CryptDevice) {
    device.detach();
    device.isRemoved = true;
  }
  group.maps.delete(name);
  yield { name: 'remove node', subject: name };
  if (!group.maps.has(name)) group.removeMapNode(name);
}

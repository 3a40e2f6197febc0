import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import { volumeName } from '../model/volume-store.ts';

export const cryptMaps: Invariant = {
  id: 'crypt-map',
  description: 'after recovery no map is left but those of disks that are there',
  onRecovered(model) {
    const left = [...(model.world.stores.group?.maps.keys() ?? [])].filter(
      (name) => !isOfDisk(model, name),
    );
    return left.length > 0 ? `mapped, and no disk: ${left.join(', ')}` : undefined;
  },
};

function isOfDisk({ disks }: Model, map: string): boolean {
  return [...disks.keys()].some((address) => map === `${volumeName(address)}-dmcrypt`);
}

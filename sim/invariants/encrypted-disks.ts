import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';

export const encryptedDisks: Invariant = {
  id: 'encrypted-disk',
  description:
    'where disks are encrypted, each says with which key, and no volume holds anything in the clear',
  onDone: check,
  onRecovered: check,
  onEnd: check,
};

function check({ world, scenario, store, disks }: Model): string | undefined {
  const { group } = world.stores;
  if (group === undefined || scenario.encryption === undefined) return undefined;
  for (const { name, content } of group.volumes.values()) {
    if (content.extents.some(({ source }) => typeof source !== 'number')) {
      // What somebody else has made is made of numbers.
      return `${name} holds content in the clear`;
    }
  }
  for (const address of disks.keys()) {
    if (store.keyOf?.(address) === undefined) return `${address} does not say its key`;
  }
  return undefined;
}

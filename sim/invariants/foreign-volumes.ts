import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import { fingerprint } from '../volume/content.ts';
import { foreignContent, foreignName } from '../scenarios/volume-group.ts';

export const foreignVolumes: Invariant = {
  id: 'foreign-volume',
  description: 'a volume that somebody else has made is never touched',
  onPowerCut: (model) => check(model),
  onRecovered: (model) => check(model),
  onEnd: (model) => check(model),
};

function check({ world }: Model): string | undefined {
  const { group } = world.stores;
  if (group === undefined) return undefined;
  const found = group.volumes.get(foreignName);
  if (found === undefined) return `${foreignName} is gone`;
  const isSame =
    fingerprint(found.content) === fingerprint(foreignContent(group.extentBytes)) &&
    found.tags.size === 0 &&
    !found.isReadOnly;
  return isSame ? undefined : `${foreignName} is not what it was`;
}

import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import { fingerprint } from '../volume/content.ts';
import { foreignContent, foreignNames } from '../scenarios/volume-group.ts';

export const foreignVolumes: Invariant = {
  id: 'foreign-volume',
  description: 'a volume that somebody else has made is never touched',
  onPowerCut: (model) => check(model),
  onRecovered: (model) => check(model),
  onEnd: (model) => check(model),
};

function check({ world, scenario }: Model): string | undefined {
  const { group } = world.stores;
  if (group === undefined || scenario.group === undefined) return undefined;
  for (const name of foreignNames(scenario.group)) {
    const found = group.volumes.get(name);
    if (found === undefined) return `${name} is gone`;
    const isSame =
      fingerprint(found.content) === fingerprint(foreignContent(group.extentBytes)) &&
      found.tags.size === 0 &&
      !found.isReadOnly;
    if (!isSame) return `${name} is not what it was`;
  }
  return undefined;
}

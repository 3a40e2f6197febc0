import { roundUp } from '../../src/sizes.ts';
import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import { guestContent } from '../model/view.ts';
import { templateContent } from '../scenarios/contents.ts';
import { versionsOf } from '../scenarios/web.ts';
import { dataFingerprint } from '../volume/content.ts';

export const volumeTemplates: Invariant = {
  id: 'volume-templates',
  description: 'a template in a thin pool is whole, and read-only',
  onDone: (model) => check(model),
  onRecovered: (model) => check(model),
};

function check(model: Model): string | undefined {
  const { group } = model.world.stores;
  if (group === undefined) return undefined;
  const all = model.scenario.templates.flatMap((one) => versionsOf(model.scenario, one));
  for (const { name, content, isReadOnly } of group.volumes.values()) {
    if (!name.startsWith('platter-template-')) continue;
    if (!isReadOnly) return `${name} can be written to`;
    const isOne = all.some((template) => {
      const wanted = guestContent(model.world.volume, templateContent(template));
      return (
        content.sizeBytes === roundUp(wanted.sizeBytes, group.extentBytes) &&
        dataFingerprint(content) === dataFingerprint(wanted)
      );
    });
    if (!isOne) return `${name} is no template, or not the whole of one`;
  }
  return undefined;
}

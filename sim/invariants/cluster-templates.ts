import { nameOf } from '../cluster/namespace.ts';
import type { ClusterImage } from '../cluster/image.ts';
import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import { templateContent } from '../scenarios/contents.ts';
import { templateNamed, type TemplateSpec } from '../scenarios/scenario.ts';
import { guestContent } from '../model/view.ts';
import { versionsOf } from '../scenarios/web.ts';
import { dataFingerprint } from '../volume/content.ts';

export const clusterTemplates: Invariant = {
  id: 'cluster-templates',
  description: 'a template is in a cluster once, whole, and behind a snapshot that is protected',
  onDone: (model) => check(model),
  onRecovered: (model) => check(model),
};

function check(model: Model): string | undefined {
  const { cluster } = model.world.stores;
  if (cluster === undefined) return undefined;
  const seen = new Set<string>();
  for (const image of cluster.images()) {
    const name = /^_base\.(.+)\.[0-9a-f]{16}$/.exec(nameOf(image) ?? '')?.[1];
    if (name === undefined) continue;
    if (seen.has(name)) return `template ${name} is in the cluster twice`;
    seen.add(name);
    const template = templateNamed(model.scenario, name);
    if (template === undefined || template.hostile) return `template ${name} should not be there`;
    const versions = versionsOf(model.scenario, template);
    const wrongs = versions.map((version) => wrongWith(model, image, version));
    const wrong = wrongs.includes(undefined) ? undefined : wrongs[0];
    if (wrong !== undefined) return `template ${name} ${wrong}`;
  }
  return undefined;
}

function wrongWith(
  model: Model,
  { content, snapshots }: ClusterImage,
  template: TemplateSpec,
): string | undefined {
  const wanted = guestContent(model.world.volume, templateContent(template));
  const isWhole =
    content.sizeBytes === wanted.sizeBytes && dataFingerprint(content) === dataFingerprint(wanted);
  if (!isWhole) return 'is not what was fetched';
  const [snapshot] = snapshots;
  // Whoever took its maker for dead may have taken its snapshot; who needs it next gives it back.
  if (snapshot === undefined) return undefined;
  return snapshot.content === content ? undefined : 'has changed since its snapshot';
}

import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';
import { foreignImages, imagePool } from '../model/cluster-names.ts';
import { foreignContent } from '../scenarios/cluster.ts';
import { imageNamed } from '../cluster/namespace.ts';
import { fingerprint } from '../volume/content.ts';

export const foreignUntouched: Invariant = {
  id: 'foreign-untouched',
  description: 'images of the cluster that platter has not made stay as they are',
  onRecovered: (model) => check(model),
  onEnd: (model) => check(model),
};

function check({ world: { stores } }: Model): string | undefined {
  const namespace = stores.cluster?.namespace(imagePool);
  if (namespace === undefined) return undefined;
  for (const [index, name] of foreignImages.entries()) {
    const image = imageNamed(namespace, name);
    if (image === undefined || namespace.directory.get(name) !== image.id) return `${name} is gone`;
    const { content, snapshots, metadata, parent } = image;
    const isAsItWas =
      fingerprint(content) === fingerprint(foreignContent(index)) &&
      snapshots.length === 1 &&
      snapshots[0]?.protection === 'unprotected' &&
      metadata.size === 0 &&
      parent === undefined;
    if (!isAsItWas) return `${name} is not what it was`;
  }
  return undefined;
}

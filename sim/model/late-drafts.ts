/**
 * Drafts in a cluster by who stood still until somebody took over and cleared up, and who died before it noticed: nobody
 * is left who knows of them. `audit` lists them.
 */
import type { Cluster } from '../cluster/cluster.ts';
import { imageNamed } from '../cluster/namespace.ts';
import type { SimProcess } from '../process.ts';
import type { Volume } from '../volume/volume.ts';
import type { Observer } from '../observer.ts';
import type { World } from '../world.ts';

const draft = /^rbd:([^/]+)\/(_part\..+\.([0-9a-f]+))$/;

export function watchLateDrafts(world: World, cluster: Cluster): Observer {
  const late = new Map<SimProcess, string[]>();
  return {
    onChange(process, { kind, path }) {
      const [, pool = '', name = '', id] = draft.exec(path) ?? [];
      const maker = process?.parent;
      if (kind !== 'appear' || id === undefined || maker === undefined) return;
      if (hasWorkspace(world.volume, id)) return;
      const namespace = cluster.namespace(pool);
      const image = namespace === undefined ? undefined : imageNamed(namespace, name);
      if (image !== undefined) late.set(maker, [...(late.get(maker) ?? []), image.id]);
    },
    onCrash(process) {
      for (const id of late.get(process) ?? []) cluster.madeByOrphans.add(id);
    },
  };
}

/** Whoever takes over gives it another id. */
function hasWorkspace(volume: Volume, id: string): boolean {
  const roots = volume.list('/').filter(([root]) => /^i\d*$/.test(root));
  return roots.some(([root]) =>
    volume.list(`/${root}`).some(([instance]) => {
      const area = `/${root}/${instance}/.platter`;
      if (volume.peek(area) === undefined) return false;
      return volume.list(area).some(([name]) => name.endsWith(`~${id}.work`));
    }),
  );
}

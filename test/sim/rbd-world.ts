/** A simulated host with a simulated cluster, for the contract suites. */
import type { ConfigInput } from '../../src/config/config.ts';
import type { Cluster } from '../../sim/cluster/cluster.ts';
import { clusterStores } from '../../sim/cluster/stores.ts';
import type { ClusterImage } from '../../sim/cluster/image.ts';
import { imageNamed } from '../../sim/cluster/namespace.ts';
import { leftIn } from '../../sim/model/cluster-store.ts';
import type { SimHostOptions } from '../../sim/sim-host.ts';
import { readRaw, write } from '../../sim/volume/content.ts';
import type { ImageWorld } from '../contract/images.contract.ts';
import { simImages } from './sim-world.ts';

const rbdConfig: ConfigInput = { rbd: { pool: 'vms', templatePool: 'images' } };

export function simRbdImages(options: SimHostOptions = {}): () => Promise<ImageWorld> {
  const makeStores = clusterStores(['vms', 'images']);
  const makeWorld = simImages({ ...options, makeStores }, rbdConfig);
  return async () => {
    const base = await makeWorld();
    const { cluster } = base.world.stores;
    if (cluster === undefined) throw new Error('no cluster');
    return {
      ...base,
      async write(image, position, byte) {
        const found = behind(cluster, (await image.info()).path);
        const source = new Uint8Array(65_536).fill(byte);
        const written = write(found.content, position, { length: source.length, source });
        cluster.setContent(found, written);
      },
      async read(path, format, position) {
        if (!path.startsWith('rbd:')) return base.read(path, format, position);
        const buffer = new Uint8Array(1);
        readRaw(behind(cluster, path).content, buffer, position);
        return buffer[0] ?? 0;
      },
      check: () => Promise.resolve(),
      leftovers: async () => [...(await base.leftovers()), ...leftIn(cluster)],
    };
  };
}

function behind(cluster: Cluster, path: string): ClusterImage {
  const [, pool = '', name = ''] = /^rbd:([^/]+)\/([^:]+)/.exec(path) ?? [];
  const namespace = cluster.namespace(pool);
  const found = namespace === undefined ? undefined : imageNamed(namespace, name);
  if (found === undefined) throw new Error(`no image ${path}`);
  return found;
}

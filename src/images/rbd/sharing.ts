/** How RBD shares images with an image service that keeps its own in the same cluster. */
import type { Config } from '../../config/config.ts';
import type { Sharing } from '../driver.ts';
import { cleanUpSteps } from './clean-up.ts';
import type { Cluster } from './cluster.ts';
import { planCreate } from './create.ts';
import { directSnapshot } from './direct-snapshot.ts';
import { locate } from './location.ts';
import { formatLocation, templateImageName, templateSnapshotName } from './names.ts';
import { templateSnapshotSpec } from './template.ts';

export function shareRbdImages(cluster: Cluster, config: Config): Sharing {
  return {
    locate: (image) => locate(cluster, image),
    plan: (order, session) => planCreate(session, cluster, config, order),
    async locateTemplate(template) {
      const info = await cluster.info(templateSnapshotSpec(cluster, template));
      if (info === undefined) return undefined;
      return formatLocation({
        fsid: await cluster.fsid(),
        pool: cluster.templatePool,
        image: templateImageName(template),
        snapshot: templateSnapshotName(template),
      });
    },
    directSnapshot: (facts, order) => directSnapshot(cluster, config, facts, order),
    cleanUp: (location, options) => cleanUpSteps(cluster, location, options),
  };
}

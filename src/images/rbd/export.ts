/** Copies the content of an image, or of a snapshot, into a private file (B107, B150). */
import type { Config } from '../../config/config.ts';
import { managed } from '../../ingress/proven.ts';
import { convertImage } from '../../operations/run-qemu-img.ts';
import type { Session, Step } from '../../operations/step.ts';
import { rbdExport } from '../../tools/rbd/argv.ts';
import type { ExportOrder } from '../driver.ts';
import { specOf } from './change.ts';
import type { Cluster } from './cluster.ts';
import { requireNotOpen } from './remove.ts';

export function exportStep(cluster: Cluster, config: Config, order: ExportOrder): Step {
  const { facts, snapshot, target, format } = order;
  const image = specOf(cluster, facts);
  const spec = snapshot === undefined ? image : `${image}@${snapshot.name}`;
  return {
    description: `copy its content as ${format}`,
    command: rbdExport(cluster.client, spec, target),
    bytes: facts.allocatedBytes,
    async run(session) {
      // What a machine is writing to has no content yet; snapshots stand still.
      if (snapshot === undefined) await requireNotOpen(session, cluster, image);
      await exportTo(session, cluster, config, { ...order, spec });
    },
  };
}

async function exportTo(
  session: Session,
  cluster: Cluster,
  config: Config,
  { spec, facts, snapshot, target, format, compress }: ExportOrder & { readonly spec: string },
): Promise<void> {
  const isRaw = format === 'raw';
  const path = isRaw ? target : `${session.workspace.path}/raw`;
  const sizeBytes = snapshot?.sizeBytes ?? facts.virtualSizeBytes;
  const work = { action: 'export the image', bytes: sizeBytes };
  await cluster.copy(session, rbdExport(cluster.client, spec, path), work);
  if (isRaw) return;
  const source = managed(path, 'raw', sizeBytes);
  await convertImage(session, { source, target, targetFormat: format, compress }, config.limits);
}

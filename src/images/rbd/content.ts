/** Brings the content of a file into the cluster, under a private name. */
import type { Config } from '../../config/config.ts';
import { PlatterError } from '../../errors.ts';
import type { ProvenImage } from '../../ingress/proven.ts';
import { convertImage } from '../../operations/run-qemu-img.ts';
import type { Session } from '../../operations/step.ts';
import { formatSize } from '../../sizes.ts';
import { rbdCreate, rbdImport, rbdResize } from '../../tools/rbd/argv.ts';
import type { Cluster } from './cluster.ts';

export interface Content {
  readonly image: ProvenImage;
  /** Of the image to make; not below that of the content. */
  readonly sizeBytes: number;
}

/**
 * By `rbd import`, which leaves out holes and zeros; what is not raw is converted before, under limits, by a qemu-img
 * that need not know RBD (in Debian that is another package).
 */
export async function importContent(
  session: Session,
  cluster: Cluster,
  config: Config,
  spec: string,
  { image, sizeBytes }: Content,
): Promise<void> {
  const { client } = cluster;
  const path = await rawFile(session, config, image);
  const stat = await session.host.filesystem.stat(path);
  if (stat.sizeBytes === 0) {
    return cluster.change(session, rbdCreate(client, spec, sizeBytes), 'make the image');
  }
  await requireSpace(cluster, spec, Math.min(stat.allocatedBytes, stat.sizeBytes));
  const work = { action: 'import the image', bytes: stat.sizeBytes };
  await cluster.copy(session, rbdImport(client, path, spec), work);
  if (stat.sizeBytes >= sizeBytes) return undefined;
  return cluster.change(session, rbdResize(client, spec, sizeBytes), 'grow the image');
}

async function rawFile(session: Session, config: Config, image: ProvenImage): Promise<string> {
  if (image.format === 'raw') return image.path;
  const target = `${session.workspace.path}/raw`;
  await convertImage(session, { source: image, target, targetFormat: 'raw' }, config.limits);
  return target;
}

/** A full pool does not refuse what is written to it, it lets it wait. */
async function requireSpace(cluster: Cluster, spec: string, neededBytes: number): Promise<void> {
  const { freeBytes } = await cluster.space(spec);
  if (neededBytes <= freeBytes) return;
  throw new PlatterError(
    'NO_SPACE',
    `${formatSize(neededBytes)} are needed, the pool has ${formatSize(freeBytes)} left`,
    {
      details: { neededBytes, freeBytes },
      hint: 'add storage, raise the quota of the pool, or delete images that nobody needs',
    },
  );
}

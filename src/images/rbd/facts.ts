/** What an image in the cluster is: from the cluster, and from its record where this host has one. */
import type { Config } from '../../config/config.ts';
import { instanceDirectory } from '../../config/layout.ts';
import type { ImageAddress } from '../../names.ts';
import type { Session } from '../../operations/step.ts';
import type { Filesystem } from '../../ports/filesystem.ts';
import type { Host } from '../../ports/host.ts';
import { sectorBytes } from '../../sizes.ts';
import { readRecord } from '../../workspace/record.ts';
import type { CreateOrder, ImageFacts, ShareOrder } from '../driver.ts';
import { recordOf, requireStore, type ImageRecord } from '../image-record.ts';
import type { Cluster } from './cluster.ts';
import { locationSpec } from './location.ts';
import { imageNameOf, namesakesOf, qemuPath, templateOfImage } from './names.ts';
import { templateSnapshotSpec } from './template.ts';

export function pathOf(cluster: Cluster, config: Config, address: ImageAddress): string {
  const { user, cephConf } = config.rbd;
  return qemuPath(`${cluster.pool}/${imageNameOf(address)}`, user, cephConf);
}

/** Undefined when there is no such image. */
export async function findRbdImage(
  { filesystem }: Host,
  cluster: Cluster,
  config: Config,
  address: ImageAddress,
): Promise<ImageFacts | undefined> {
  const spec = `${cluster.pool}/${imageNameOf(address)}`;
  const info = await cluster.info(spec);
  const directory = instanceDirectory(config, address.instance);
  const record = await readRecord<ImageRecord>(filesystem, directory, address.disk);
  if (record !== undefined) requireStore(record.content, { name: cluster.pool });
  if (info === undefined) return undefined;
  if (await isNamesakes(filesystem, cluster, config, address)) return undefined;
  const [snapshots, allocatedBytes] = await Promise.all([
    info.snapshotCount === 0 ? [] : cluster.snapshots(spec),
    cluster.usedBytes(spec),
  ]);
  const { parent } = info;
  const own = record?.content.backend === 'rbd' ? record : undefined;
  return {
    address,
    path: pathOf(cluster, config, address),
    format: 'raw',
    virtualSizeBytes: info.sizeBytes,
    granuleBytes: sectorBytes,
    allocatedBytes,
    template: (parent && templateOfImage(parent.image)) ?? own?.content.template ?? null,
    snapshots: snapshots.map(({ id, name, sizeBytes, createdAt }) => ({
      id,
      name,
      sizeBytes,
      createdAt,
    })),
    backing: parent === undefined ? null : `${parent.pool}/${parent.image}@${parent.snapshot}`,
    method: own?.content.method ?? null,
    createdAt: own?.content.createdAt ?? info.createdAt,
    recordId: own?.id ?? null,
  };
}

/** Whether this host's records say that the image of this name is the one of another address. */
async function isNamesakes(
  filesystem: Filesystem,
  { pool }: Cluster,
  config: Config,
  address: ImageAddress,
) {
  for (const { instance, disk } of namesakesOf(address)) {
    const directory = instanceDirectory(config, instance);
    const record = await readRecord<ImageRecord>(filesystem, directory, disk);
    const isHere = (record?.content.store?.name ?? pool) === pool;
    if (record?.content.backend === 'rbd' && isHere) return true;
  }
  return false;
}

/** Of an image that is about to be published. */
export function recordInPool(
  session: Session,
  { pool }: Cluster,
  order: CreateOrder | ShareOrder,
): ImageRecord {
  return recordOf(session, order, { type: 'rbd', format: 'raw', store: { name: pool } });
}

/** Of an image that was made a moment ago: nobody has to be asked. */
export function newImageFacts(
  cluster: Cluster,
  config: Config,
  { address, base, sizeBytes }: CreateOrder | ShareOrder,
  { record, recordId }: { record: ImageRecord; recordId: string },
): ImageFacts {
  return {
    address,
    path: pathOf(cluster, config, address),
    format: record.format,
    virtualSizeBytes: sizeBytes,
    granuleBytes: sectorBytes,
    allocatedBytes: 0,
    template: record.template,
    snapshots: [],
    backing: backingOf(cluster, base),
    method: record.method,
    createdAt: record.createdAt,
    recordId,
  };
}

function backingOf(
  cluster: Cluster,
  base: CreateOrder['base'] | ShareOrder['base'],
): string | null {
  if (base.kind === 'template') return templateSnapshotSpec(cluster, base);
  if (base.kind === 'location') return locationSpec(base.url);
  if (base.kind !== 'snapshot') return null;
  return `${cluster.pool}/${imageNameOf(base.origin.address)}@${base.snapshot.name}`;
}

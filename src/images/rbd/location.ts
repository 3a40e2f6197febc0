/** Images of an image service that are in the same cluster, and can be cloned where they are (B096-B102). */
import type { Config } from '../../config/config.ts';
import { PlatterError } from '../../errors.ts';
import { passGate } from '../../ingress/gate.ts';
import type { Session } from '../../operations/step.ts';
import type { ImageMetadata } from '../../ports/image-api.ts';
import { rbdClone, rbdExport, rbdShrink } from '../../tools/rbd/argv.ts';
import type { SharedBase } from '../driver.ts';
import type { Cluster } from './cluster.ts';
import { addressOf, parseLocation, type RbdLocation } from './names.ts';
import { removeImage } from './remove.ts';

/** Formats whose bytes are the disk itself; in the original clone() admits iso and then never finds one (D09). */
const clonable = new Set(['raw', 'iso']);

export async function locate(cluster: Cluster, image: ImageMetadata): Promise<SharedBase> {
  const { diskFormat, locations } = image;
  if (!clonable.has(diskFormat)) {
    throw unacceptable(image, `is ${diskFormat}, and only raw images can be shared`);
  }
  for (const url of locations) {
    const sizeBytes = await sizeAt(cluster, url);
    if (sizeBytes !== undefined) return { kind: 'location', url, diskFormat, sizeBytes };
  }
  throw unacceptable(image, 'has no location that can be cloned from here');
}

/** Undefined where it cannot be cloned from: another cluster, no protected snapshot, not to be opened (B099). */
async function sizeAt(cluster: Cluster, url: string): Promise<number | undefined> {
  const location = parseLocation(url);
  if (location === undefined || location.fsid !== (await cluster.fsid())) return undefined;
  try {
    return (await cluster.info(specOf(location)))?.sizeBytes;
  } catch (error) {
    const isClosed =
      PlatterError.is(error) && ['NOT_FOUND', 'PERMISSION_DENIED'].includes(error.code);
    if (isClosed) return undefined;
    throw error;
  }
}

function unacceptable({ id, diskFormat, locations }: ImageMetadata, why: string): PlatterError {
  return new PlatterError('NOT_SUPPORTED', `the image ${id} ${why}`, {
    details: { diskFormat, locations },
    hint: 'cache() makes a disk of its content',
  });
}

function specOf({ pool, image, snapshot }: RbdLocation): string {
  return `${pool}/${image}@${snapshot}`;
}

/** `pool/image@snapshot` */
export function locationSpec(url: string): string {
  return specOf(requireLocation(url));
}

/** INVALID_ARGUMENT where it is in another cluster: what has the same names here is something else. */
export async function locationHere(cluster: Cluster, url: string): Promise<RbdLocation> {
  const location = requireLocation(url);
  const fsid = await cluster.fsid();
  if (location.fsid === fsid) return location;
  throw new PlatterError('INVALID_ARGUMENT', 'this is a location in another cluster', {
    details: { location: url, fsid },
    hint: 'the configuration of that cluster is needed',
  });
}

/** Names of disks, and of what platter keeps, are none of an image service: INVALID_ARGUMENT. */
export function requireServices(
  cluster: Cluster,
  { pool, image }: Pick<RbdLocation, 'pool' | 'image'>,
): void {
  const isDisk = pool === cluster.pool && addressOf(image) !== undefined;
  if (!isDisk && !image.startsWith('_')) return;
  throw new PlatterError('INVALID_ARGUMENT', `"${image}" is no name of an image of a service`, {
    details: { pool, image },
    hint: 'names of disks are <instance>_<disk>, and those of platter begin with an underscore',
  });
}

function requireLocation(url: string): RbdLocation {
  const location = parseLocation(url);
  if (location !== undefined) return location;
  throw new PlatterError('INVALID_ARGUMENT', 'this is no location of an RBD image', {
    details: { location: url },
    hint: 'locations are rbd://<fsid>/<pool>/<image>/<snapshot>',
  });
}

/**
 * What every format shows itself by that a tool looks for where none is named lies in here. The trailer of a fixed VHD or of
 * a UDIF may stand at the end unseen: what is cloned is read as raw by everybody, and then that is content.
 */
const headBytes = 4 * 1024 * 1024;

/**
 * Nobody vouches for what an image service holds: its beginning passes the gate as what it is declared to be. It is taken
 * from a clone that is cut down, for rbd copies whole images or none.
 */
export async function passHead(
  session: Session,
  cluster: Cluster,
  config: Config,
  { url, diskFormat, sizeBytes }: SharedBase,
  draft: string,
): Promise<void> {
  const { client } = cluster;
  const file = `${session.workspace.path}/head`;
  await cluster.change(session, rbdClone(client, locationSpec(url), draft), 'clone the image');
  if (sizeBytes > headBytes) {
    await cluster.change(session, rbdShrink(client, draft, headBytes), 'cut down the clone');
  }
  await cluster.copy(session, rbdExport(client, draft, file), {
    action: 'read the beginning of the image',
    bytes: headBytes,
  });
  await session.host.filesystem.truncate(file, sizeBytes);
  await passGate(session.host, config, file, diskFormat);
  await removeImage(session, cluster, draft);
}

/** What the volumes of a group say of an image. */
import type { ImageAddress } from '../../names.ts';
import { formatAddress } from '../../names.ts';
import type { Volume, VolumeGroup } from '../../tools/lvm/report.ts';
import type { Recorded } from '../../workspace/record.ts';
import type { ImageFacts, SnapshotFacts } from '../driver.ts';
import type { ImageRecord } from '../image-record.ts';
import { devicePath, isImage, mapPath, tagOf, volumeName } from './names.ts';
import { describePool, volumeNamed } from './place.ts';

export function imageVolume(group: VolumeGroup, address: ImageAddress): Volume | undefined {
  const volume = volumeNamed(group, volumeName(address));
  return volume !== undefined && isImage(volume, address) ? volume : undefined;
}

/** Undefined where the group has no volume that is the image. */
export function factsOf(
  group: VolumeGroup,
  address: ImageAddress,
  { record, isEncrypted }: { record: Recorded<ImageRecord> | undefined; isEncrypted: boolean },
): ImageFacts | undefined {
  const volume = imageVolume(group, address);
  if (volume === undefined) return undefined;
  const { name, sizeBytes } = volume;
  const pool = volume.pool === '' ? undefined : volumeNamed(group, volume.pool);
  return {
    address,
    path: isEncrypted ? mapPath(name) : devicePath(group.name, name),
    format: 'raw',
    virtualSizeBytes: sizeBytes,
    granuleBytes: group.extentBytes,
    allocatedBytes: allocatedBytes(volume),
    template: record?.content.template ?? null,
    snapshots: snapshotsOf(group, address).map(({ facts }) => facts),
    // Volumes share blocks, but lean on nothing: each can be removed at any time.
    backing: null,
    method: record?.content.method ?? null,
    createdAt: record?.content.createdAt ?? null,
    recordId: record?.id ?? null,
    storage: {
      volumeGroup: group.name,
      volume: name,
      freeBytes: group.freeBytes,
      thinPool: pool === undefined ? null : describePool(pool),
      encrypted: isEncrypted,
    },
  };
}

/** What is mapped, shared or not; nobody can tell of a thin volume that is not active. */
function allocatedBytes({ kind, sizeBytes, dataPercent }: Volume): number {
  if (kind !== 'thin') return sizeBytes;
  return Math.round((sizeBytes * (dataPercent ?? 0)) / 100);
}

export interface SnapshotVolume {
  readonly volume: Volume;
  readonly facts: SnapshotFacts;
  readonly number: number;
}

/** Oldest first. A store that was split off to be cleared is no snapshot any more. */
export function snapshotsOf(group: VolumeGroup, address: ImageAddress): readonly SnapshotVolume[] {
  return group.volumes
    .filter((volume) => tagOf(volume, 'of') === formatAddress(address))
    .filter(({ kind }) => kind === 'thin' || kind === 'snapshot')
    .map((volume) => ({
      volume,
      number: Number(tagOf(volume, 'number')),
      facts: {
        name: tagOf(volume, 'snapshot') ?? volume.name,
        id: volume.name,
        sizeBytes: Number(tagOf(volume, 'size') ?? volume.sizeBytes),
        createdAt: new Date(Number(tagOf(volume, 'at') ?? 0)).toISOString(),
      },
    }))
    .sort((a, b) => a.number - b.number);
}

/**
 * LVM (B061-B084): a disk is a logical volume; a thin snapshot of its template where a thin pool is configured. What
 * belongs to platter says so by its tags; names are Nova's.
 */
import { PlatterError } from '../../errors.ts';
import { formatAddress, type ImageAddress } from '../../names.ts';
import type { Volume, VolumeGroup } from '../../tools/lvm/report.ts';
import type { Driver, DriverContext, DriverFactory } from '../driver.ts';

import { lookForRecord, requireStore, type Look } from '../image-record.ts';
import { planVolume } from './create.ts';
import { keyOf } from './crypt.ts';
import { destroySteps } from './destroy.ts';
import { factsOf, imageVolume, snapshotsOf } from './facts.ts';
import { endExport, exportVolumeStep } from './export.ts';
import { growSteps } from './grow.ts';
import { openingSteps } from './opening.ts';
import {
  checkVolumeName,
  devicePath,
  diskOf,
  imageOf,
  mapPath,
  mapSuffix,
  volumeName,
} from './names.ts';
import { readGroup, volumeNamed, type Place } from './place.ts';
import { recoverLvm } from './recover.ts';
import { restoreSteps } from './restore.ts';
import { lvmStrays } from './strays.ts';
import { createSnapshotSteps, deleteSnapshotSteps } from './snapshots.ts';

export const lvmDriver: DriverFactory = (context): Driver => {
  const place = placeOf(context);
  const { host, config, group } = place;
  const find = async (address: ImageAddress, state: VolumeGroup, look?: Look) => {
    const { recorded: record } = (look ?? (await lookForRecord(host, config, address))).record;
    const isOwn = record === undefined || record.content.backend === 'lvm';
    if (!isOwn) return undefined;
    if (record !== undefined) requireStore(record.content, { name: state.name, uuid: state.uuid });
    const volume = imageVolume(state, address);
    if (volume === undefined) return undefined;
    return factsOf(state, address, { record, isEncrypted: await hasKey(place, volume) });
  };

  return {
    type: 'lvm',
    format: 'raw',
    isFileInInstancePath: false,
    isSharedBlockStorage: false,

    path: (address) => pathOf(place, address, config.encryption.enabled),
    parsePath: (instance, path) => parseVolumePath(group, instance, path),

    capabilities: async () => ({
      snapshots: true,
      sharesTemplateData: config.lvm.thinPool !== undefined && !config.encryption.enabled,
      flatten: false,
      clone: false,
      directSnapshot: false,
      encryption: true,
      sharedBlockStorage: false,
    }),

    find: async (address, look) => find(address, await readGroup(place, host), look),

    list: async () =>
      (await readGroup(place, host)).volumes
        .map(imageOf)
        .filter((address): address is ImageAddress => address !== undefined),

    model: async (address) => ({ kind: 'LocalBlockImage', path: await openPath(place, address) }),

    libvirtSource: async (address) => ({
      type: 'block',
      path: await openPath(place, address),
      format: 'raw',
      io: config.lvm.sparse ? undefined : 'native',
    }),

    async survey(address, _, look) {
      checkVolumeName(group, address);
      const state = await readGroup(place, host);
      const existing = await find(address, state, look);
      if (existing === undefined) requireFreeName(state, address);
      return {
        existing,
        opening: existing === undefined ? [] : await openingSteps(place, state, address),
        granuleBytes: state.extentBytes,
        async plan(order) {
          requireNoOrphans(state, address);
          return planVolume(place, state, order);
        },
      };
    },

    resize: (facts, sizeBytes) => growSteps(place, facts, sizeBytes),
    flatten: async () => [],
    createSnapshot: (facts, name) => createSnapshotSteps(place, facts, name),
    deleteSnapshot: (facts, snapshot) => deleteSnapshotSteps(place, facts, snapshot),
    restoreSnapshot: (facts, snapshot) => restoreSteps(place, facts, snapshot),
    export: async (order) => [exportVolumeStep(place, order)],
    endExport: (session, leftover, id) => endExport(place, session, leftover, id),
    destroy: (facts, options) => destroySteps(place, facts, options),
    strays: (known) => lvmStrays(place, known),
    recover: (session, leftover, intent) => recoverLvm(place, session, leftover, intent),
  };
};

function pathOf({ group }: Place, address: ImageAddress, isEncrypted: boolean): string {
  const name = volumeName(address);
  return isEncrypted ? mapPath(name) : devicePath(group, name);
}

/** Whether a disk that is there is encrypted it says itself, or its map; whatever the next one will be. */
async function openPath(place: Place, address: ImageAddress): Promise<string> {
  const volume = imageVolume(await readGroup(place, place.host), address);
  const { enabled } = place.config.encryption;
  return pathOf(place, address, volume === undefined ? enabled : await hasKey(place, volume));
}

async function hasKey(place: Place, volume: Volume): Promise<boolean> {
  return (await keyOf(place, place, volume)) !== undefined;
}

function placeOf({ host, config, keyManager }: DriverContext): Place {
  const { volumeGroup: group } = config.lvm;
  if (group !== undefined) {
    checkGroupName(group);
    return { host, config, group, keyManager };
  }
  throw new PlatterError('CONFIG_INVALID', 'no volume group is configured', {
    details: { key: 'lvm.volume_group' },
    hint: 'set lvm.volume_group; vgs lists the groups that there are',
  });
}

/** Room for the names of disks, and for it in a line of a script. */
const groupCharsMax = 60;

function checkGroupName(group: string): void {
  if (group.length <= groupCharsMax) return;
  throw new PlatterError('CONFIG_INVALID', 'the name of the volume group is too long', {
    details: { key: 'lvm.volume_group', chars: group.length, maximum: groupCharsMax },
    hint: 'vgrename gives it a shorter one',
  });
}

function requireFreeName(state: VolumeGroup, address: ImageAddress): void {
  const volume = volumeNamed(state, volumeName(address));
  if (volume === undefined) return;
  throw new PlatterError(
    'ALREADY_EXISTS',
    `a volume that is not ${formatAddress(address)} has its name`,
    {
      details: { ...address, volumeGroup: state.name, volume: volume.name },
      hint: 'platter did not make it, and does not touch it: rename it, or choose another name',
    },
  );
}

/** Snapshots of a disk that somebody has removed by hand: they are kept, and a new disk of its name must not get them. */
function requireNoOrphans(state: VolumeGroup, address: ImageAddress): void {
  const orphans = snapshotsOf(state, address).map(({ volume }) => `${state.name}/${volume.name}`);
  if (orphans.length === 0) return;
  throw new PlatterError('ALREADY_EXISTS', 'snapshots of a former disk of this name are there', {
    details: { volumes: orphans },
    hint: `look at what is in them, and then: lvremove ${orphans.join(' ')}`,
  });
}

/** B063, B064 */
function parseVolumePath(group: string, instance: string, path: string): ImageAddress {
  const plain = devicePath(group, '');
  const mapped = '/dev/mapper/';
  const name = path.startsWith(plain)
    ? path.slice(plain.length)
    : path.startsWith(mapped) && path.endsWith(mapSuffix)
      ? path.slice(mapped.length, -mapSuffix.length)
      : '';
  const disk = diskOf(instance, name);
  if (disk !== undefined) return { instance, disk };
  throw new PlatterError('INVALID_ARGUMENT', `the path is no disk of instance "${instance}"`, {
    details: { path },
    hint: `its disks are ${plain}${instance}_…`,
  });
}

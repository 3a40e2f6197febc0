/** Columns of reports, by the names that `-o` takes; all values are texts, and what is not known is empty. */
import { thinBlockBytes } from '../../volume-group/thin-pool.ts';
import type { LogicalVolume } from '../../volume-group/logical-volume.ts';
import type { VolumeGroup } from '../../volume-group/volume-group.ts';

export type Column<Subject> = (subject: Subject, group: VolumeGroup) => string;

export const groupColumns: Readonly<Record<string, Column<VolumeGroup>>> = {
  vg_name: ({ name }) => name,
  vg_size: ({ extents, extentBytes }) => String(extents * extentBytes),
  vg_free: ({ free, extentBytes }) => String(free.count * extentBytes),
  vg_extent_size: ({ extentBytes }) => String(extentBytes),
  vg_free_count: ({ free }) => String(free.count),
  vg_extent_count: ({ extents }) => String(extents),
  vg_seqno: ({ seqno }) => String(seqno),
  vg_attr: () => 'wz--n-',
  vg_uuid: ({ uuid }) => uuid,
  vg_tags: () => '',
  pv_count: () => '1',
  vg_missing_pv_count: () => '0',
  lv_count: ({ volumes }) => String(volumes.size),
  snap_count: ({ volumes }) =>
    String([...volumes.values()].filter(({ kind }) => kind === 'classic').length),
};

const volumeOnly: Readonly<Record<string, Column<LogicalVolume>>> = {
  lv_name: (volume) => (volume.isMerging ? `[${volume.name}]` : volume.name),
  lv_full_name: ({ name }, group) => `${group.name}/${name}`,
  lv_attr: attributes,
  lv_size: ({ sizeBytes }) => String(sizeBytes),
  lv_uuid: ({ uuid }) => uuid,
  lv_path: (volume, group) => (volume.kind === 'pool' ? '' : group.path(volume)),
  lv_dm_path: (volume, group) => group.mapperPath(volume),
  lv_active: ({ isActive }) => (isActive ? 'active' : ''),
  lv_suspended: ({ isSuspended }) => (isSuspended ? 'suspended' : ''),
  lv_device_open: (volume) => (volume.isActive ? (isOpen(volume) ? 'open' : '') : 'unknown'),
  lv_tags: ({ tags }) => [...tags].sort().join(','),
  lv_layout: ({ kind }) =>
    ({ linear: 'linear', classic: 'linear', thin: 'thin,sparse', pool: 'thin,pool' })[kind],
  lv_role: role,
  lv_permissions: ({ isActive, isReadOnly }) =>
    isActive ? (isReadOnly ? 'read-only' : 'writeable') : 'unknown',
  lv_skip_activation: ({ skipsActivation }) => (skipsActivation ? 'skip activation' : ''),
  lv_merging: ({ isMerging }) => (isMerging ? 'merging' : ''),
  lv_merge_failed: ({ kind }) => (kind === 'classic' ? '' : 'unknown'),
  lv_snapshot_invalid: ({ kind, isInvalid }) =>
    kind === 'classic' ? (isInvalid ? 'snapshot invalid' : '') : 'unknown',
  lv_health_status: ({ room }) => (room?.wasFull === true ? 'out_of_data' : ''),
  lv_when_full: ({ kind }) => (kind === 'pool' ? 'queue' : ''),
  lv_time: ({ createdMs }) =>
    `${new Date(createdMs).toISOString().slice(0, 19).replace('T', ' ')} +0000`,
  lv_parent: () => '',
  lv_ancestors: (volume) => ancestors(volume).join(','),
  origin: ({ origin }) => origin?.name ?? '',
  origin_size: ({ kind, content, snapshots }) =>
    kind === 'classic' || snapshots.size > 0 ? String(content.sizeBytes) : '',
  pool_lv: ({ pool }) => pool?.name ?? '',
  data_percent: dataPercent,
  snap_percent: dataPercent,
  metadata_percent: ({ room }) => room?.metadataPercent.toFixed(2) ?? '',
  copy_percent: () => '',
  segtype: ({ kind }) =>
    ({ linear: 'linear', classic: 'linear', thin: 'thin', pool: 'thin-pool' })[kind],
  seg_monitor: ({ kind }) => (kind === 'pool' || kind === 'classic' ? 'monitored' : ''),
  chunk_size: ({ kind }) =>
    ({ linear: '0', classic: '4096', thin: '0', pool: String(thinBlockBytes) })[kind],
  zero: (volume) => (isThin(volume) ? (zeroes(volume) ? 'zero' : '') : 'unknown'),
  discards: (volume) =>
    isThin(volume) ? (roomOf(volume)?.takesDiscards === false ? 'ignore' : 'passdown') : '',
  thin_count: (volume, group) =>
    volume.kind === 'pool'
      ? String([...group.volumes.values()].filter(({ pool }) => pool === volume).length)
      : '',
};

export const volumeColumns: Readonly<Record<string, Column<LogicalVolume>>> = {
  ...volumeOnly,
  ...Object.fromEntries(
    Object.entries(groupColumns)
      .filter(([name]) => name.startsWith('vg_'))
      .map(([name, column]) => [
        name,
        (_: LogicalVolume, group: VolumeGroup) => column(group, group),
      ]),
  ),
};

const isThin = ({ kind }: LogicalVolume) => kind === 'thin' || kind === 'pool';
const roomOf = ({ room, pool }: LogicalVolume) => room ?? pool?.room;
const zeroes = (volume: LogicalVolume) => roomOf(volume)?.zeroes === true;

function isOpen(volume: LogicalVolume): boolean {
  return volume.kind === 'pool' || volume.isOpen;
}

/** The ten letters of `lv_attr`. */
function attributes(volume: LogicalVolume, group: VolumeGroup): string {
  const { kind, isReadOnly, isActive, isSuspended, isInvalid, isMerging, snapshots } = volume;
  const hasMerge = [...group.volumes.values()].some(
    (other) => other.isMerging && other.origin === volume,
  );
  const types = {
    linear: snapshots.size === 0 ? '-' : hasMerge ? 'O' : 'o',
    classic: isMerging ? 'S' : 's',
    thin: hasMerge ? 'O' : 'V',
    pool: 't',
  };
  const isCopying = kind === 'classic' || snapshots.size > 0;
  return [
    types[kind],
    isReadOnly ? 'r' : 'w',
    'i',
    '-',
    isActive && isInvalid ? 'I' : isSuspended ? 's' : isActive ? 'a' : '-',
    isActive && isOpen(volume) ? 'o' : '-',
    isThin(volume) ? 't' : isCopying ? 's' : '-',
    isThin(volume) && zeroes(volume) ? 'z' : '-',
    volume.room?.wasFull === true ? 'D' : '-',
    volume.skipsActivation ? 'k' : '-',
  ].join('');
}

function role({ kind, origin, snapshots }: LogicalVolume): string {
  if (kind === 'pool') return 'private';
  if (kind === 'classic') return 'public,snapshot,thicksnapshot';
  if (kind === 'thin' && origin !== undefined) return 'public,snapshot,thinsnapshot';
  return snapshots.size > 0 ? 'public,origin,thickorigin' : 'public';
}

function ancestors({ origin }: LogicalVolume): readonly string[] {
  return origin === undefined ? [] : [origin.name, ...ancestors(origin)];
}

function dataPercent({
  kind,
  isActive,
  room,
  mappings,
  sizeBytes,
  store,
  isInvalid,
}: LogicalVolume) {
  if (room !== undefined) return room.dataPercent.toFixed(2);
  if (!isActive) return '';
  if (kind === 'thin') return ((100 * mappings.size * thinBlockBytes) / sizeBytes).toFixed(2);
  if (kind !== 'classic') return '';
  return isInvalid ? '100.00' : ((100 * store.size * 4096) / sizeBytes).toFixed(2);
}

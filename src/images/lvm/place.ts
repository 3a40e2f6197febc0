/** Where images of LVM are: one volume group, as it is now. */
import type { Config } from '../../config/config.ts';
import { PlatterError } from '../../errors.ts';
import type { RunOptions } from '../../ports/executor.ts';
import type { Host } from '../../ports/host.ts';
import type { KeyManager } from '../../ports/key-manager.ts';
import { lvs, vgs } from '../../tools/lvm/argv.ts';
import { classifyLvmFailure } from '../../tools/lvm/errors.ts';
import { parseLvs, parseVgs, type Volume, type VolumeGroup } from '../../tools/lvm/report.ts';
import { runTool } from '../../tools/run.ts';

export interface Place {
  readonly host: Host;
  readonly config: Config;
  readonly group: string;
  readonly keyManager: KeyManager | undefined;
}

/** How space is cleared before it is given back. */
export type Clearing = Config['lvm']['volumeClear'];

const graceMs = 30_000;

/**
 * When its time is over LVM is asked to end: then it gives up waiting for others, or goes on to its end (terminated.json);
 * killed half-way it can leave a pool that refuses everything (killed-thin-stuck.json).
 */
export function limitsOf({ limits }: Config): Pick<RunOptions, 'timeoutMs' | 'graceMs'> {
  return { timeoutMs: limits.toolTimeoutSeconds * 1000, graceMs };
}

/** One process, or two where the group is empty. NOT_FOUND where there is no such group. */
export async function readGroup(
  { config, group }: Place,
  { executor }: Pick<Host, 'executor'>,
): Promise<VolumeGroup> {
  const options = {
    action: `look into volume group ${group}`,
    classify: classifyLvmFailure,
    ...limitsOf(config),
  };
  try {
    const full = parseLvs((await runTool(executor, lvs(group), options)).stdout);
    if (full !== undefined) return full;
    const empty = parseVgs((await runTool(executor, vgs(group), options)).stdout);
    if (empty !== undefined) return empty;
  } catch (error) {
    if (!PlatterError.is(error) || error.code !== 'NOT_FOUND') throw error;
    throw noSuchGroup(group, error);
  }
  throw noSuchGroup(group);
}

function noSuchGroup(group: string, cause?: unknown): PlatterError {
  return new PlatterError('NOT_FOUND', `there is no volume group "${group}"`, {
    details: { volumeGroup: group },
    hint: 'vgs lists those that there are; lvm.volume_group names the one to use',
    cause,
  });
}

export function volumeNamed({ volumes }: VolumeGroup, name: string): Volume | undefined {
  return volumes.find((volume) => volume.name === name);
}

/** NOT_FOUND where the pool is not there. */
export function requirePool(group: VolumeGroup, name: string): Volume {
  const pool = volumeNamed(group, name);
  if (pool?.kind === 'pool') return pool;
  throw new PlatterError('NOT_FOUND', `there is no thin pool "${name}" in "${group.name}"`, {
    details: { volumeGroup: group.name, thinPool: name },
    hint: `lvcreate --type thin-pool -L SIZE -n ${name} ${group.name} makes one`,
  });
}

/** PERMISSION_DENIED where somebody has made a volume read-only. */
export function requireWritable({ name, isReadOnly }: Volume): void {
  if (!isReadOnly) return;
  throw new PlatterError('PERMISSION_DENIED', `the volume "${name}" is read-only`, {
    details: { volume: name },
    hint: 'lvchange -prw makes it writable again',
  });
}

/**
 * IN_USE where somebody else's snapshots hang on a volume: LVM would remove them together with it. Thin ones of its own pool
 * do not: they share its data, and stay.
 */
export function requireNoDependents(
  group: VolumeGroup,
  volume: Volume,
  own: readonly string[] = [],
): void {
  const others = group.volumes
    .filter(({ name, origin }) => origin === volume.name && !own.includes(name))
    .filter(({ pool }) => pool === '' || pool !== volume.pool)
    .map(({ name }) => `${group.name}/${name}`);
  if (others.length === 0) return;
  throw new PlatterError('IN_USE', `a snapshot that platter did not make needs "${volume.name}"`, {
    details: { volume: volume.name, volumes: others },
    hint: `it would go with the disk; when nobody needs it: lvremove ${others.join(' ')}`,
  });
}

/** How full a pool is: for `info`, and for errors. */
export function describePool(pool: Volume) {
  return {
    name: pool.name,
    sizeBytes: pool.sizeBytes,
    dataPercent: pool.dataPercent,
    metadataPercent: pool.metadataPercent,
    health: pool.health === '' ? 'ok' : pool.health,
  };
}

/** Above this LVM refuses to make anything in a pool (thin-thresholds.json). */
const metadataPercentMax = 75;

/** NO_SPACE, with how full it is, where a pool can take nothing more, or not so much. */
export function requirePoolRoom(pool: Volume, neededBytes: number): void {
  const data = pool.dataPercent ?? 0;
  const freeBytes = Math.floor(pool.sizeBytes * (1 - data / 100));
  const isFull = freeBytes <= 0 || freeBytes < neededBytes;
  if (!isFull && (pool.metadataPercent ?? 0) < metadataPercentMax) return;
  const what = isFull ? 'data' : 'metadata';
  throw new PlatterError('NO_SPACE', `the thin pool "${pool.name}" has no ${what} space left`, {
    details: { thinPool: describePool(pool), freeBytes, neededBytes },
    hint: isFull
      ? `make it larger with lvextend -L, or remove images`
      : `make room with lvextend --poolmetadatasize`,
  });
}

/** NO_SPACE before anything is made (B074). */
export function requireGroupRoom({ name, freeBytes }: VolumeGroup, neededBytes: number): void {
  if (neededBytes <= freeBytes) return;
  throw new PlatterError('NO_SPACE', `the volume group "${name}" has no space for that`, {
    details: { volumeGroup: name, freeBytes, neededBytes },
    hint: 'add a device with vgextend, or remove images',
  });
}

/**
 * NOT_SUPPORTED where a pool gives out blocks with what their former owner left in them. Clearing a thin volume cannot
 * prevent that: writes to blocks that it shares go elsewhere.
 */
export function requireZeroing(pool: Volume | undefined, clearing: Clearing): void {
  if (pool === undefined || pool.zeroes || clearing === 'none') return;
  throw new PlatterError(
    'NOT_SUPPORTED',
    `the thin pool "${pool.name}" does not clear blocks before it gives them out again`,
    {
      details: { thinPool: pool.name },
      hint: 'lvchange -Zy turns that on; with volume_clear = "none", and no --wipe, nothing is cleared',
    },
  );
}

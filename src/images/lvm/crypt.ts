/** dm-crypt maps over volumes (B064, B082, B084). Secrets go from the key manager to the tool's standard input. */
import { PlatterError, type ErrorCode } from '../../errors.ts';
import type { Session } from '../../operations/step.ts';
import type { Command, RunResult } from '../../ports/executor.ts';
import { cryptsetupCreate, cryptsetupResize } from '../../tools/cryptsetup/argv.ts';
import { classifyCryptsetupFailure } from '../../tools/cryptsetup/errors.ts';
import {
  dmsetupDeps,
  dmsetupInfo,
  dmsetupMakeNode,
  dmsetupRemove,
} from '../../tools/dmsetup/argv.ts';
import {
  classifyDmsetupFailure,
  isDeviceAbsent,
  isUnfinishedCrypt,
  parseDeps,
} from '../../tools/dmsetup/report.ts';
import { makeNode } from '../../tools/lvm/argv.ts';
import { classifyLvmFailure } from '../../tools/lvm/errors.ts';
import type { Volume } from '../../tools/lvm/report.ts';
import { runTool } from '../../tools/run.ts';
import { exists } from '../../workspace/once.ts';
import { newKey, taggedKey, type DiskKey } from './disk-key.ts';
import { devicePath, imageOf, isForeign, mapName, mapperName, mapPath } from './names.ts';
import type { Place } from './place.ts';

type Running = Pick<Session, 'host'>;

/** CONFIG_INVALID where nobody holds secrets; NOT_FOUND where this one is not there. */
export async function secretOf({ keyManager }: Place, keyId: string): Promise<string> {
  if (keyManager !== undefined) return keyManager.getSecret(keyId);
  throw new PlatterError('CONFIG_INVALID', 'the disk is encrypted, but there are no keys', {
    details: { key: 'encryption.key_directory', keyId },
    hint: 'set encryption.key_directory, or give the library a key manager',
  });
}

type MapState = 'none' | 'unfinished' | 'mapped' | 'of others';

/**
 * Of the map of a volume, as device-mapper knows it. Its node says nothing of it: one that was killed has left a map without
 * a node or a table, or a node without a map, which is the next map's as soon as its number is given out again (killed.json).
 */
async function stateOfMap(place: Place, running: Running, volume: string): Promise<MapState> {
  const map = mapName(volume);
  const look = (command: Command) =>
    runDmsetup(place, running, command, 'look for the map of the encrypted disk');
  const found = await look(dmsetupDeps(map));
  if (isDeviceAbsent(found)) return 'none';
  const under = parseDeps(found.stdout);
  if (under.length === 0) {
    const info = await look(dmsetupInfo(map));
    if (isDeviceAbsent(info)) return 'none';
    return isUnfinishedCrypt(map, info.stdout) ? 'unfinished' : 'of others';
  }
  return under.length === 1 && under[0] === mapperName(place.group, volume)
    ? 'mapped'
    : 'of others';
}

export async function isMapped(place: Place, running: Running, volume: string): Promise<boolean> {
  const hasNode = await exists(running.host.filesystem, mapPath(volume));
  return hasNode && (await stateOfMap(place, running, volume)) === 'mapped';
}

/**
 * Resolves to the device that shows the content of the volume. One that is mapped already is left as it is. IN_USE where
 * something else has the name of the map.
 */
export async function openMap(
  place: Place,
  running: Running,
  volume: string,
  key: DiskKey,
): Promise<string> {
  const { host } = running;
  const map = mapName(volume);
  const state = await stateOfMap(place, running, volume);
  if (state === 'of others') throw takenByOthers(place, map);
  if (state === 'mapped') {
    const options = optionsOf(place, 'make the node of the encrypted disk', classifyDmsetupFailure);
    await runTool(host.executor, dmsetupMakeNode(map), options);
    return mapPath(volume);
  }
  if (state === 'unfinished') await removeMap(place, running, map);
  const device = devicePath(place.group, volume);
  if (!(await exists(host.filesystem, device))) {
    const options = optionsOf(place, 'make the node of the disk', classifyLvmFailure);
    await runTool(host.executor, makeNode(place.group, volume), options);
  }
  await runTool(host.executor, cryptsetupCreate(map, device, key), {
    ...optionsOf(place, 'map the encrypted disk', classifyCryptsetupFailure),
    input: await secretOf(place, key.id),
  });
  return mapPath(volume);
}

/** IN_USE while anything has it open. That there is none is fine. */
export async function closeMap(place: Place, running: Running, volume: string): Promise<void> {
  const state = await stateOfMap(place, running, volume);
  if (state === 'mapped' || state === 'unfinished') {
    await removeMap(place, running, mapName(volume));
  }
}

/** Of a volume that may be encrypted. Whether one of Nova's is, its map alone tells. */
export async function closeAnyMap(place: Place, running: Running, volume: Volume): Promise<void> {
  const mayBeMapped = isForeign(volume) || taggedKey(place, volume) !== undefined;
  if (mayBeMapped) await closeMap(place, running, volume.name);
}

/**
 * Undefined where the disk is not encrypted. Nova's volumes do not say it: all are where encryption is enabled, for as plain
 * ones they must not be shown (B064); and so is what is mapped, whatever is configured by now.
 */
export async function keyOf(
  place: Place,
  running: Running,
  volume: Volume,
): Promise<DiskKey | undefined> {
  if (place.config.encryption.enabled && isForeign(volume)) return instanceKey(place, volume);
  return keyToReopen(place, running, volume);
}

/** With which what is closed has to be mapped again: one of Nova's only if it was mapped before. */
export async function keyToReopen(
  place: Place,
  running: Running,
  volume: Volume,
): Promise<DiskKey | undefined> {
  if (!isForeign(volume)) return taggedKey(place, volume);
  const key = instanceKey(place, volume);
  return key !== undefined && (await isMapped(place, running, volume.name)) ? key : undefined;
}

/** As for a new disk of the instance. */
function instanceKey(place: Place, volume: Volume): DiskKey | undefined {
  const address = imageOf(volume);
  return address && newKey(place, address.instance);
}

/**
 * Before a disk is changed whose map may have to be made again. Of one of Nova's nobody knows whether there is a key for it:
 * what is found out in the middle nobody could finish.
 */
export async function requireSecret(
  place: Place,
  volume: Volume,
  key: DiskKey | undefined,
): Promise<void> {
  if (key !== undefined && isForeign(volume)) await secretOf(place, key.id);
}

/** Not by cryptsetup (B083), which says of one without a table that it is not there, and that it is. */
async function removeMap(place: Place, running: Running, map: string): Promise<void> {
  await runDmsetup(place, running, dmsetupRemove(map), 'unmap the encrypted disk');
}

/** That there is no such device is no failure. */
function runDmsetup(place: Place, { host }: Running, command: Command, action: string) {
  return runTool(host.executor, command, {
    ...optionsOf(place, action, classifyDmsetupFailure),
    succeeds: (result: RunResult) => result.exitCode === 0 || isDeviceAbsent(result),
  });
}

function takenByOthers({ group }: Place, map: string): PlatterError {
  return new PlatterError('IN_USE', `the name ${map} is another device's`, {
    details: { map, volumeGroup: group },
    hint: `see dmsetup deps ${map}; platter leaves it alone`,
  });
}

/** After the volume grew. */
export async function growMap(place: Place, { host }: Running, volume: string): Promise<void> {
  const action = 'grow the map of the encrypted disk';
  const options = optionsOf(place, action, classifyCryptsetupFailure);
  await runTool(host.executor, cryptsetupResize(mapName(volume)), options);
}

function optionsOf({ config }: Place, action: string, classify: (result: RunResult) => ErrorCode) {
  return { action, classify, timeoutMs: config.limits.toolTimeoutSeconds * 1000 };
}

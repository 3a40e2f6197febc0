/** dm-crypt maps over volumes (B064, B082-B084). Secrets go from the key manager to the tool's standard input. */
import { PlatterError } from '../../errors.ts';
import type { Session } from '../../operations/step.ts';
import type { RunResult } from '../../ports/executor.ts';
import {
  cryptsetupCreate,
  cryptsetupRemove,
  cryptsetupResize,
} from '../../tools/cryptsetup/argv.ts';
import { classifyCryptsetupFailure, isMapAbsent } from '../../tools/cryptsetup/errors.ts';
import { makeNode } from '../../tools/lvm/argv.ts';
import { classifyLvmFailure } from '../../tools/lvm/errors.ts';
import { runTool } from '../../tools/run.ts';
import { exists } from '../../workspace/once.ts';
import { devicePath, mapName, mapPath } from './names.ts';
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

/** Resolves to the device that shows the content of the volume. One that is mapped already is left as it is. */
export async function openMap(
  place: Place,
  { host }: Running,
  volume: string,
  keyId: string,
): Promise<string> {
  const path = mapPath(volume);
  if (await exists(host.filesystem, path)) return path;
  const { cipher, keySize } = place.config.encryption;
  const device = devicePath(place.group, volume);
  if (!(await exists(host.filesystem, device))) {
    await runTool(host.executor, makeNode(place.group, volume), {
      ...optionsOf(place, 'make the node of the disk'),
      classify: classifyLvmFailure,
    });
  }
  await runTool(host.executor, cryptsetupCreate(mapName(volume), device, { cipher, keySize }), {
    ...optionsOf(place, 'map the encrypted disk'),
    input: await secretOf(place, keyId),
  });
  return path;
}

/** IN_USE while anything has it open. That there is none is fine. */
export async function closeMap(place: Place, { host }: Running, volume: string): Promise<void> {
  if (!(await exists(host.filesystem, mapPath(volume)))) return;
  await runTool(host.executor, cryptsetupRemove(mapName(volume)), {
    ...optionsOf(place, 'unmap the encrypted disk'),
    succeeds: (result: RunResult) => result.exitCode === 0 || isMapAbsent(result),
  });
}

/** After the volume grew. */
export async function growMap(place: Place, { host }: Running, volume: string): Promise<void> {
  const options = optionsOf(place, 'grow the map of the encrypted disk');
  await runTool(host.executor, cryptsetupResize(mapName(volume)), options);
}

function optionsOf({ config }: Place, action: string) {
  return {
    action,
    classify: classifyCryptsetupFailure,
    timeoutMs: config.limits.toolTimeoutSeconds * 1000,
  };
}

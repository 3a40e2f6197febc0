/** What scenarios begin with, and what their programs have in common. */
import type { ConfigInput } from '../../src/config/config.ts';
import { PlatterError } from '../../src/errors.ts';
import { Backend } from '../../src/images/backend.ts';
import type { EventSink } from '../../src/ports/events.ts';
import { hostOf } from '../host.ts';
import { simKeyManager } from '../key-manager.ts';
import { directoriesOf, directoryOf, outsidePath } from '../model/layout.ts';
import type { SimProcess } from '../process.ts';
import type { World, WorldOptions } from '../world.ts';
import { contentFromOutside, secretPath } from './contents.ts';
import { clusterStoresOf, rbdConfigOf } from './cluster.ts';
import { encryptionConfigOf } from './encryption.ts';
import {
  importsFile,
  operationsOf,
  type OperationSpec,
  type OwnConfigSpec,
  type Scenario,
} from './scenario.ts';
import { serveTemplates } from './web.ts';
import { lvmConfigOf, volumeGroupStores } from './volume-group.ts';

/** What is there before anybody comes; all of it durable. */
export function furnish(world: World, scenario: Scenario): void {
  const { volume } = world;
  serveTemplates(world, scenario);
  for (const path of [...directoriesOf(scenario), outsidePath]) {
    volume.create(path, 'directory', 0o755);
  }
  volume.create(secretPath, 'file', 0o600, 'secret');
  for (const spec of operationsOf(scenario)) {
    const path = importPath(spec);
    if (!importsFile(spec.kind) || volume.peek(path) !== undefined) continue;
    volume.create(path, 'file', 0o644, contentFromOutside(spec));
  }
  const lies = volume.liesAboutSyncs;
  volume.liesAboutSyncs = false;
  for (const [, inode] of volume.list(outsidePath)) volume.sync(inode);
  volume.syncDirectory(outsidePath);
  volume.syncDirectory('/');
  volume.liesAboutSyncs = lies;
}

/** The file that an operation imports. */
export function importPath({ pattern = 0, isHostile = false }: OperationSpec): string {
  return `${outsidePath}/${isHostile ? 'hostile' : `import-${pattern}`}`;
}

/** What a world of this scenario has besides its filesystem. */
export function storesOf(scenario: Scenario): Pick<WorldOptions, 'makeStores'> {
  const { cluster, group } = scenario;
  if (cluster !== undefined) return { makeStores: clusterStoresOf };
  if (group === undefined) return {};
  return { makeStores: (volume, tell) => volumeGroupStores(volume, group, tell) };
}

/** Platter in a process of a scenario. */
export function backendOf(
  world: World,
  process: SimProcess,
  { scenario, own = {}, onEvent }: Told,
): Backend {
  const { encryption } = scenario;
  return new Backend({
    host: hostOf(world, process, { emit: onEvent }),
    config: configOf(scenario, own, process.machine.index),
    ...(encryption === undefined
      ? {}
      : { keyManager: simKeyManager(world, process, encryption.keys) }),
  });
}

interface Told {
  readonly scenario: Scenario;
  readonly own?: OwnConfigSpec | undefined;
  readonly onEvent: EventSink['emit'];
}

function configOf(scenario: Scenario, own: OwnConfigSpec, machine: number): ConfigInput {
  const { preallocateImages, forceRawImages, maxConcurrentDiskOps } = {
    ...scenario.config,
    ...own,
  };
  const { hasPool = true } = own;
  const group = scenario.group === undefined ? undefined : { ...scenario.group, ...own.lvm };
  return {
    instancesPath: directoryOf(scenario, machine),
    defaultImageType: scenario.backend,
    preallocateImages,
    maxConcurrentDiskOps,
    ...(group === undefined ? {} : { lvm: lvmConfigOf(group, hasPool) }),
    ...(scenario.encryption === undefined
      ? {}
      : { encryption: encryptionConfigOf(scenario.encryption) }),
    ...(scenario.cluster === undefined ? {} : { rbd: rbdConfigOf(scenario.cluster) }),
    ...(forceRawImages === undefined ? {} : { forceRawImages }),
  };
}

/** What is no PlatterError is kept as a bug, for an invariant to find. */
export function asPlatterError(error: unknown): PlatterError {
  if (PlatterError.is(error)) return error;
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new PlatterError('CORRUPT', `not a PlatterError: ${text}`, { details: { bug: true } });
}

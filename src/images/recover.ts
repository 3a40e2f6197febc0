/** Finds everything that interrupted operations have left on this host's images, and has it finished or undone. */
import { instanceDirectory } from '../config/layout.ts';
import { formatAddress, isName, type ImageAddress } from '../names.ts';
import { isAtWork } from '../operations/at-work.ts';
import { perform, plan, type OperationOptions } from '../operations/perform.ts';
import type { Turns } from '../operations/turns.ts';
import {
  areaPath,
  baseNameOf,
  keptExportName,
  listDirectory,
  removeProbes,
  tidy,
} from '../workspace/area.ts';
import { removeEmptyRecords } from '../workspace/record.ts';
import { leftoverWorkspaces } from '../workspace/workspace.ts';
import type { EngineContext, ImageHandle } from './context.ts';
import { readDiskInfo } from './files/disk-info.ts';
import { instancesOf } from './list.ts';
import { recoverOperation } from './operations/recover.ts';

export interface Recovered {
  /** `vm1/disk`, or `template debian-12`. */
  readonly target: string;
  /** What was done, or would be. */
  readonly steps: readonly string[];
}

/** What cannot be recovered keeps nothing else from it. */
export async function recoverImages(
  context: EngineContext,
  turns: Turns,
  options: OperationOptions & { dryRun: boolean },
): Promise<readonly Recovered[]> {
  const recovered: Recovered[] = [];
  const { filesystem } = context.host;
  if (!options.dryRun) await removeProbes(filesystem, context.config.instancesPath);
  for (const instance of await instancesOf(context)) {
    await turns.take(instance, async () => {
      const directory = instanceDirectory(context.config, instance);
      if (!options.dryRun) await removeProbes(filesystem, directory);
      for (const disk of await suspects(context, instance)) {
        const target = formatAddress({ instance, disk });
        await turns.take(target, async () => {
          const steps = await recoverOne(context, { instance, disk }, options);
          if (steps.length > 0) recovered.push({ target, steps });
        });
      }
      if (options.dryRun) return;
      await removeEmptyRecords(filesystem, directory);
      await tidy(filesystem, directory);
    });
  }
  return recovered;
}

/** Disks with leftovers, with a record, a format or snapshots, all of which may be more than there is; or with exports. */
async function suspects({ host, config }: EngineContext, instance: string) {
  const { filesystem } = host;
  const directory = instanceDirectory(config, instance);
  const disks = new Set<string>();
  for (const { name } of await leftoverWorkspaces(filesystem, directory)) disks.add(name);
  for (const { name } of await listDirectory(filesystem, areaPath(directory))) {
    const kept = /^(.+)\.(?:record|snapshots)$/.exec(name)?.[1] ?? keptExportName(name);
    if (kept !== undefined) disks.add(kept);
  }
  for (const path of Object.keys(await readDiskInfo(filesystem, directory))) {
    if (path === `${directory}/${baseNameOf(path)}`) disks.add(baseNameOf(path));
  }
  return [...disks].filter((name) => isName('disk', name)).sort();
}

async function recoverOne(
  context: EngineContext,
  address: ImageAddress,
  options: OperationOptions & { dryRun: boolean },
): Promise<readonly string[]> {
  const { host, config, drivers } = context;
  const image: ImageHandle = {
    ...context,
    address,
    driver: drivers.get(config.defaultImageType),
    keyId: address.instance,
  };
  const operation = recoverOperation(image);
  // What is under way is nothing to recover: who does recover waits for it by the lock.
  if (options.dryRun && (await isAtWork(host, operation.lock))) return [];
  const left = await leftoverWorkspaces(
    host.filesystem,
    instanceDirectory(config, address.instance),
    address.disk,
  );
  const planned = await plan(host, operation);
  const steps = [
    ...left.map(({ id }) => `finish or undo operation ${id}`),
    ...planned.steps.map(({ description }) => description),
  ];
  if (!options.dryRun && steps.length > 0) await perform(host, operation, options);
  return steps;
}

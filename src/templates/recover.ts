/** Finds what interrupted operations have left in the template store, and has it undone. */
import type { Config } from '../config/config.ts';
import { reservePath, templatesDirectory } from '../config/layout.ts';
import { isName } from '../names.ts';
import { isAtWork } from '../operations/at-work.ts';
import { perform, plan, type Operation, type OperationOptions } from '../operations/perform.ts';
import type { Session, Step } from '../operations/step.ts';
import type { Turns } from '../operations/turns.ts';
import type { Host } from '../ports/host.ts';
import { areaPath, listDirectory } from '../workspace/area.ts';
import { leaseHolders } from '../workspace/lease.ts';
import { removeEmptyRecords, removeRecord } from '../workspace/record.ts';
import { leftoverWorkspaces } from '../workspace/workspace.ts';
import { templateOperation } from './operation.ts';
import type { TemplateCopies } from './copies.ts';
import { removeVoidMarks } from './damage.ts';
import { lookUp, templatePath } from './lookup.ts';
import { usersOf } from './users.ts';

export async function recoverTemplates(
  host: Host,
  config: Config,
  copies: TemplateCopies,
  turns: Turns,
  options: OperationOptions & { dryRun: boolean },
): Promise<readonly { target: string; steps: readonly string[] }[]> {
  const recovered: { target: string; steps: readonly string[] }[] = [];
  const directory = templatesDirectory(config);
  for (const name of await suspects(host, directory)) {
    const target = `template ${name}`;
    await turns.take(target, async () => {
      const operation = recoverOperation(config, copies, name);
      if (options.dryRun && (await isAtWork(host, operation.lock))) return;
      const left = await leftoverWorkspaces(host.filesystem, directory, name);
      const planned = await plan(host, operation);
      const steps = [
        ...left.map(({ id }) => `undo operation ${id}`),
        ...planned.steps.map(({ description }) => description),
      ];
      // Leases of the dead go as they are looked at.
      if (!options.dryRun) await leaseHolders(host, directory, name);
      if (steps.length === 0) return;
      if (!options.dryRun) await perform(host, operation, options);
      recovered.push({ target, steps });
    });
  }
  if (!options.dryRun) {
    await removeEmptyRecords(host.filesystem, directory);
    await removeVoidMarks(host, config);
  }
  return recovered;
}

/** Every name of which there is something in the private area. */
async function suspects(host: Host, directory: string): Promise<readonly string[]> {
  const names = new Set<string>();
  for (const entry of await listDirectory(host.filesystem, areaPath(directory))) {
    const name = /^([^~]+)~/.exec(entry.name)?.[1] ?? entry.name.replace(/\.[a-z]+$/, '');
    if (isName('template', name)) names.add(name);
  }
  return [...names].sort();
}

function recoverOperation(config: Config, copies: TemplateCopies, name: string): Operation<void> {
  return {
    ...templateOperation(config, copies, name),
    name: 'recover',
    reserve: reservePath(config),
    prepare: async (session) => ({
      steps: await forgetSteps(session, config, name),
      result: () => Promise.resolve(),
    }),
  };
}

/** A record whose file is gone is kept for as long as images lean on it: it tells what has to come back. */
async function forgetSteps(
  { host }: Session,
  config: Config,
  name: string,
): Promise<readonly Step[]> {
  const found = await lookUp(host, config, name);
  if (found.state !== 'lost') return [];
  const users = await usersOf(host.filesystem, config, templatePath(config, name));
  if (users.length > 0) return [];
  const { id } = found.record;
  return [
    {
      description: 'forget the record of a template that is gone and that nothing leans on',
      run: (session) => removeRecord(session.host.filesystem, templatesDirectory(config), name, id),
    },
  ];
}

/** Strays of the template store. */
import { templatesDirectory } from '../config/layout.ts';
import { isName } from '../names.ts';
import type { EngineContext } from '../images/context.ts';
import { isMarkedDamaged } from '../templates/damage.ts';
import { templateLock } from '../templates/operation.ts';
import { lookUp } from '../templates/lookup.ts';
import { partialSuffix } from '../templates/partial-download.ts';
import { usersOf } from '../templates/users.ts';
import { areaPath, listDirectory, recordPath } from '../workspace/area.ts';
import { auditArea, recordedNames } from './private-area.ts';
import { allocatedBytes } from './space.ts';
import type { Stray } from './stray.ts';
import { orUnreadable } from './unreadable.ts';

export async function auditTemplates(context: EngineContext): Promise<readonly Stray[]> {
  const { host, config } = context;
  const directory = templatesDirectory(config);
  return orUnreadable(directory, null, async () => {
    const strays = [
      ...(await auditArea(context, {
        directory,
        subject: (name) => `template ${name}`,
        lock: (name) => templateLock(config, name),
      })),
      ...(await partialDownloads(context, directory)),
    ];
    for (const name of await recordedNames(context, directory)) {
      strays.push(...(await auditRecord(context, name)));
    }
    for (const { name, kind } of await listDirectory(host.filesystem, directory)) {
      if (name === '.platter') continue;
      const isTemplate = kind === 'file' && isName('template', name);
      strays.push(
        ...(isTemplate
          ? await auditFile(context, name)
          : await unknown(context, `${directory}/${name}`)),
      );
    }
    return strays;
  });
}

async function auditRecord(context: EngineContext, name: string): Promise<readonly Stray[]> {
  const { host, config } = context;
  const path = `${templatesDirectory(config)}/${name}`;
  const record = recordPath(templatesDirectory(config), name);
  const look = async (): Promise<readonly Stray[]> => {
    const found = await lookUp(host, config, name);
    if (found.state !== 'lost') return [];
    const users = await usersOf(host.filesystem, config, path);
    return [
      {
        kind: 'record-without-template',
        path,
        subject: `template ${name}`,
        allocatedBytes: null,
        message:
          users.length === 0
            ? 'its file is gone, and nothing leans on it'
            : `its file is gone, and ${users.map(({ image }) => image).join(', ')} lean on it`,
        hint:
          users.length === 0
            ? 'platter recover forgets it'
            : `platter template add ${name} SOURCE brings it back, with the same content`,
      },
    ];
  };
  return orUnreadable(record, `template ${name}`, look, () => 'damaged-record');
}

async function auditFile(context: EngineContext, name: string): Promise<readonly Stray[]> {
  const { host, config } = context;
  const path = `${templatesDirectory(config)}/${name}`;
  // A record that cannot be read is told with the records.
  const found = await lookUp(host, config, name).catch(() => undefined);
  if (found?.state === 'present' && (await isMarkedDamaged(host.filesystem, config, found))) {
    return [
      {
        kind: 'damaged-template',
        path,
        subject: `template ${name}`,
        allocatedBytes: found.stat.allocatedBytes,
        message: 'it was found damaged: no disk is made of it',
        hint: `restore the file from a backup; platter template verify ${name} looks at it again`,
      },
    ];
  }
  if (found?.state !== 'foreign') return [];
  return [
    {
      kind: 'foreign-template',
      path,
      subject: `template ${name}`,
      allocatedBytes: found.stat.allocatedBytes,
      message: 'platter has no record of it: Nova, or somebody by hand, has put it there',
      hint: `platter template verify ${name} inspects it and takes it into the records`,
    },
  ];
}

async function unknown({ host }: EngineContext, path: string): Promise<readonly Stray[]> {
  return [
    {
      kind: 'unknown-file',
      path,
      subject: null,
      allocatedBytes: await allocatedBytes(host.filesystem, path),
      message: 'it is no template',
      hint: 'move it out of the template store',
    },
  ];
}

async function partialDownloads(
  { host }: EngineContext,
  directory: string,
): Promise<readonly Stray[]> {
  const strays: Stray[] = [];
  for (const { name } of await listDirectory(host.filesystem, areaPath(directory))) {
    if (!name.endsWith(partialSuffix)) continue;
    const template = name.slice(0, -partialSuffix.length);
    const path = `${areaPath(directory)}/${name}`;
    strays.push({
      kind: 'partial-download',
      path,
      subject: `template ${template}`,
      allocatedBytes: await allocatedBytes(host.filesystem, path),
      message: 'its download was broken off',
      hint: 'adding the template again continues it; platter template prune removes it',
    });
  }
  return strays;
}

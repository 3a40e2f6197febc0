/** What records on this host explain of things that are kept elsewhere. */
import { instanceDirectory, templatesDirectory } from '../config/layout.ts';
import { PlatterError } from '../errors.ts';
import type { EngineContext } from '../images/context.ts';
import { instancesOf } from '../images/list.ts';
import type { TemplateRecord } from '../templates/template.ts';
import { readRecord } from '../workspace/record.ts';
import { leftoverWorkspaces, readIntent } from '../workspace/workspace.ts';
import { recordedNames } from './private-area.ts';
import type { Known } from './stray.ts';

export async function known(context: EngineContext): Promise<Known> {
  return { operations: await operations(context), templates: await templates(context) };
}

export function merged(a: Known, b: Known): Known {
  return {
    operations: new Set([...a.operations, ...b.operations]),
    templates: new Set([...a.templates, ...b.templates]),
  };
}

/** At work or left behind: what these have in hand is theirs, or is told with them. */
async function operations(context: EngineContext): Promise<ReadonlySet<string>> {
  const { host, config } = context;
  const ids = new Set<string>();
  const instances = await instancesOf(context);
  const directories = [
    templatesDirectory(config),
    ...instances.map((instance) => instanceDirectory(config, instance)),
  ];
  for (const directory of directories) {
    for (const workspace of await leftoverWorkspaces(host.filesystem, directory)) {
      ids.add(workspace.id);
      // One that was taken over goes by another id than what it has made.
      const id = (await readIntent(host.filesystem, workspace))?.['id'];
      if (typeof id === 'string') ids.add(id);
    }
  }
  return ids;
}

async function templates(context: EngineContext): Promise<ReadonlySet<string>> {
  const directory = templatesDirectory(context.config);
  const digests = new Set<string>();
  for (const name of await recordedNames(context, directory)) {
    try {
      const record = await readRecord<TemplateRecord>(context.host.filesystem, directory, name);
      if (record !== undefined) digests.add(record.content.sha256);
    } catch (error) {
      // A record that cannot be read is told as that.
      if (!PlatterError.is(error)) throw error;
    }
  }
  return digests;
}

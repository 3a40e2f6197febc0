/**
 * Somebody who is not platter puts a template into the store, as Nova does: written beside, renamed, and nothing of it
 * synced.
 */
import { parentOf } from '../../src/workspace/area.ts';
import { directoriesOf, outsidePath, templatePath } from '../model/layout.ts';
import { isWhole } from '../model/stored-templates.ts';
import type { Observer, World } from '../world.ts';
import { templateContent } from './contents.ts';
import type { Performer } from './perform.ts';
import { operationsOf, type Scenario } from './scenario.ts';

export function putsTemplates(scenario: Scenario): boolean {
  return operationsOf(scenario).some(({ kind }) => kind === 'put template');
}

/** Leaves the one that is there. */
export function putTemplate(
  { world, process, scenario, number }: Performer,
  name: string,
): Promise<void> {
  const path = templatePath(scenario, process.machine.index, name);
  return world.call(process, 'stranger.put template', path, () => {
    const { volume } = world;
    const template = scenario.templates.find((known) => known.name === name);
    if (template === undefined || volume.peek(path) !== undefined) return;
    const directory = parentOf(path);
    if (volume.peek(directory) === undefined) volume.create(directory, 'directory', 0o755);
    const draft = `${outsidePath}/template-${number}`;
    volume.setContent(volume.create(draft, 'file', 0o644, ''), templateContent(template), draft);
    volume.rename(draft, path);
  });
}

/**
 * Whoever has put them there looks after a power cut whether they are whole, and removes those that are not; but for those
 * that platter has recorded, and thereby taken over.
 */
export function removeTornTemplates(world: World, scenario: Scenario): Observer {
  const { volume } = world;
  const lookAfter = (directory: string) => {
    for (const spec of scenario.templates) {
      const path = `${directory}/_base/${spec.name}`;
      const inode = volume.peek(path);
      const isRecorded = volume.peek(recordOf(path)) !== undefined;
      if (inode === undefined || isRecorded || isWhole({ world, scenario }, spec, inode)) continue;
      volume.unlink(path);
      volume.syncDirectory(parentOf(path));
    }
  };
  return {
    afterPowerCut: () => {
      for (const directory of directoriesOf(scenario)) lookAfter(directory);
    },
  };
}

function recordOf(template: string): string {
  return `${parentOf(template)}/.platter/${template.slice(template.lastIndexOf('/') + 1)}.record`;
}

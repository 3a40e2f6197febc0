/**
 * Somebody who is not platter puts a template into the store, as Nova does: written beside, renamed, and nothing of it
 * synced.
 */
import { baseNameOf, parentOf } from '../../src/workspace/area.ts';
import { outsidePath, templatePath } from '../model/layout.ts';
import { isAdopted, isWhole, putTemplates } from '../model/stored-templates.ts';
import type { Observer } from '../observer.ts';
import type { World } from '../world.ts';
import { templateContent } from './contents.ts';
import type { Performer } from './perform.ts';
import { operationsOf, templateNamed, type Scenario } from './scenario.ts';

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
    const template = templateNamed(scenario, name);
    if (template === undefined || volume.peek(path) !== undefined) return;
    const directory = parentOf(path);
    if (volume.peek(directory) === undefined) volume.create(directory, 'directory', 0o755);
    const draft = `${outsidePath}/template-${number}`;
    const inode = volume.create(draft, 'file', 0o644, '');
    volume.setContent(inode, templateContent(template), draft);
    // Written long ago: who takes it over cannot know of a sync that failed before, and nothing of it is dropped.
    inode.durable = '';
    volume.rename(draft, path);
    putTemplates(world).set(path, inode);
  });
}

/**
 * Whoever has put them there looks after a power cut whether they are whole, and removes those that are not; but for those
 * that platter has recorded, and thereby taken over.
 */
export function removeTornTemplates(world: World, scenario: Scenario): Observer {
  const { volume } = world;
  return {
    afterPowerCut: () => {
      for (const [path, put] of putTemplates(world)) {
        const spec = templateNamed(scenario, baseNameOf(path));
        if (spec === undefined || volume.peek(path) !== put || isAdopted(volume, path)) continue;
        if (isWhole({ world, scenario }, spec, put)) continue;
        volume.unlink(path);
        volume.syncDirectory(parentOf(path));
      }
    },
  };
}

/** Replaces a disk that is a file by a private one: it is the old one or the new one, never something between. */
import type { Config, ImageType } from '../../config/config.ts';
import { instanceDirectory } from '../../config/layout.ts';
import type { Step } from '../../operations/step.ts';
import type { ImageFacts } from '../driver.ts';
import { requireNotInUse } from './in-use.ts';
import { syncNames } from '../../workspace/durable-names.ts';
import { renameOnce, standsAt } from '../../workspace/once.ts';

export function replaceStep(
  config: Config,
  disk: { readonly type: ImageType; readonly facts: ImageFacts },
  file: string,
): Step {
  const { facts } = disk;
  return {
    description: `replace ${facts.path}`,
    async run(session) {
      const { filesystem } = session.host;
      const prepared = `${session.workspace.path}/${file}`;
      const { mode } = await filesystem.stat(facts.path);
      await filesystem.setPermissions(prepared, mode);
      await filesystem.sync(prepared);
      // A machine that was started meanwhile would go on writing to a file that nobody sees any more.
      await requireNotInUse(session, config, disk);
      const isThere = standsAt(filesystem, facts.path, await filesystem.stat(prepared));
      await renameOnce(filesystem, prepared, facts.path, isThere);
      await syncNames(filesystem, instanceDirectory(config, facts.address.instance));
    },
  };
}

/** Replaces a disk that is a file by a private one: it is the old one or the new one, never something between. */
import type { Config, ImageType } from '../../config/config.ts';
import { instanceDirectory } from '../../config/layout.ts';
import { PlatterError } from '../../errors.ts';
import { formatAddress } from '../../names.ts';
import type { Session, Step } from '../../operations/step.ts';
import type { FileStat } from '../../ports/filesystem.ts';
import type { ImageFacts } from '../driver.ts';
import { requireNotInUse } from './in-use.ts';
import { syncNames } from '../../workspace/durable-names.ts';
import { isUntouched } from '../../workspace/untouched.ts';
import { renameOnce, standsAt } from '../../workspace/once.ts';

/** Of a disk that is copied: notes how it is, and finds out later whether anybody has written to it since. */
export interface Watch {
  note(session: Session): Promise<void>;
  requireSame(session: Session): Promise<void>;
}

export function watchDisk({ address, path }: ImageFacts): Watch {
  let noted: FileStat | undefined;
  return {
    async note({ host }) {
      noted = await host.filesystem.stat(path);
    },
    async requireSame({ host }) {
      const now = await host.filesystem.stat(path);
      if (noted !== undefined && isUntouched(noted, now)) return;
      const message = `${formatAddress(address)} was written to while it was copied`;
      throw new PlatterError('IN_USE', message, { hint: 'stop the virtual machine' });
    },
  };
}

/** With a watch, where it holds the same and nobody may have written to it since that was noted. */
export function replaceStep(
  config: Config,
  disk: { readonly type: ImageType; readonly facts: ImageFacts },
  file: string,
  watch?: Watch,
): Step {
  const { facts } = disk;
  return {
    description: `replace ${facts.path}`,
    async run(session) {
      const { filesystem } = session.host;
      const prepared = `${session.workspace.path}/${file}`;
      await filesystem.copyPermissions(facts.path, prepared);
      await filesystem.sync(prepared);
      // A machine that was started meanwhile would go on writing to a file that nobody sees any more.
      await requireNotInUse(session, config, disk);
      await watch?.requireSame(session);
      const isThere = standsAt(filesystem, facts.path, await filesystem.stat(prepared));
      await renameOnce(filesystem, prepared, facts.path, isThere);
      await syncNames(filesystem, instanceDirectory(config, facts.address.instance));
    },
  };
}

/** What a disk leans on, looked at before anything is copied out of both: what is damaged there would be in the copy. */
import type { Config } from '../../config/config.ts';
import { templatesDirectory } from '../../config/layout.ts';
import { isHostError, PlatterError } from '../../errors.ts';
import type { Host } from '../../ports/host.ts';
import { requireUndamaged } from '../../templates/damage.ts';
import { lookUp, templateGone } from '../../templates/lookup.ts';
import { baseNameOf, parentOf } from '../../workspace/area.ts';
import type { ImageFacts } from '../driver.ts';

type Leaning = Pick<ImageFacts, 'backing' | 'template'>;

/** TEMPLATE_CHANGED where it leans on a template that was found damaged, NOT_FOUND where the file is gone. */
export async function requireLeanedOn(host: Host, config: Config, facts: Leaning): Promise<void> {
  const { backing } = facts;
  // Clones in a cluster name no file.
  if (backing === null || !backing.startsWith('/')) return;
  await reportingGone(config, facts, () => host.filesystem.stat(backing));
  const name = templateBehind(config, facts);
  if (name === undefined) return;
  const found = await lookUp(host, config, name);
  if (found.state === 'present') await requireUndamaged(host, config, found);
}

/** The same for who goes on all the same with what was found damaged: a warning. */
export async function warnOfLeanedOn(host: Host, config: Config, facts: Leaning): Promise<void> {
  try {
    await requireLeanedOn(host, config, facts);
  } catch (error) {
    if (!PlatterError.is(error) || error.code !== 'TEMPLATE_CHANGED') throw error;
    host.events.emit({ type: 'warning', message: `${error.message}: the copy may be damaged too` });
  }
}

/** For a look at the file that the disk leans on: that it is gone is told by what it is. */
export async function reportingGone<Result>(
  config: Config,
  facts: Leaning,
  look: () => Promise<Result>,
): Promise<Result> {
  try {
    return await look();
  } catch (error) {
    const { backing } = facts;
    if (!isHostError(error, 'ENOENT') || error.path !== backing) throw error;
    const name = templateBehind(config, facts);
    if (name !== undefined) throw templateGone(name);
    throw new PlatterError('NOT_FOUND', 'the file that the disk leans on is gone', {
      details: { path: backing },
      hint: `put ${backing} back, or mount what it is on`,
      cause: error,
    });
  }
}

/** A store that has moved is behind another path, under the same name. */
function templateBehind(config: Config, { backing, template }: Leaning): string | undefined {
  if (backing === null) return undefined;
  const name = baseNameOf(backing);
  const isOfStore = parentOf(backing) === templatesDirectory(config);
  return isOfStore || name === template ? name : undefined;
}

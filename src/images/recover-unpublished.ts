/**
 * Images whose making was cut off, or failed, between their record and their file. The record that was to describe it, and
 * its format in disk.info, would from then on tell of whatever somebody else puts there.
 */
import type { Config } from '../config/config.ts';
import { imagePath, instanceDirectory } from '../config/layout.ts';
import type { ImageAddress } from '../names.ts';
import type { Outcome } from '../operations/perform.ts';
import type { Session } from '../operations/step.ts';
import { areaPath } from '../workspace/area.ts';
import { standsAt, statOrNothing } from '../workspace/once.ts';
import { hasRecord, removeRecord } from '../workspace/record.ts';
import type { Workspace } from '../workspace/workspace.ts';
import { setFormat } from './files/disk-info.ts';
import { draftFile } from './files/publish-image.ts';

/** Of a workspace without an intent: nothing was changed in place. */
export async function recoverUnpublished(
  session: Session,
  config: Config,
  address: ImageAddress,
  leftover: Workspace,
): Promise<Outcome> {
  const { filesystem } = session.host;
  const { id, formerId = id } = leftover;
  const directory = instanceDirectory(config, address.instance);
  const path = imagePath(config, address);
  if (!(await hasRecord(filesystem, directory, address.disk, formerId))) return 'undone';
  // A file keeps its name in the workspace when it is published. Where there is none, nothing is known of the record.
  const drafted = await statOrNothing(filesystem, `${leftover.path}/${draftFile}`);
  if (drafted === undefined) return 'undone';
  if (await standsAt(filesystem, path, drafted)()) return 'finished';
  // The format first: the record tells whose it is.
  await setFormat(session.host, config, leftover, address.instance, { path, format: undefined });
  await removeRecord(filesystem, directory, address.disk, formerId);
  await filesystem.syncDirectory(areaPath(directory), directory);
  return 'undone';
}

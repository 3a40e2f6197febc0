/**
 * What platter knows of an image that was taken away: its format in disk.info and its record would from then on tell of
 * whatever somebody else puts there.
 */
import type { Config } from '../config/config.ts';
import { imagePath } from '../config/layout.ts';
import { afterwards, PlatterError, reporting } from '../errors.ts';
import { formatAddress } from '../names.ts';
import type { Session } from '../operations/step.ts';
import type { Host } from '../ports/host.ts';
import { forgetTaken, type TakenAway } from '../workspace/taken-away.ts';
import { imageOf, type Workspace } from '../workspace/workspace.ts';
import type { ImageFacts } from './driver.ts';
import { setFormat } from './files/disk-info.ts';

export function forgetRecord(
  { host, workspace }: Session,
  recordId: ImageFacts['recordId'],
): Promise<void> {
  return afterwards(
    reporting(`forget the record of ${formatAddress(imageOf(workspace))}`, () =>
      forgetTaken(host.filesystem, workspace, recordId),
    ),
  );
}

/** Of what was taken away in a leftover workspace. */
export async function forgetTakenImage(
  { host }: Session,
  config: Config,
  leftover: Workspace,
  { recordId }: TakenAway,
): Promise<void> {
  // The format first: the record tells whose it is.
  if (recordId !== null) await forgetFormat(host, config, leftover);
  await forgetTaken(host.filesystem, leftover, recordId);
}

/** A disk.info that cannot be read tells of nothing, and keeps no disk from being removed. */
export async function forgetFormat(
  host: Host,
  config: Config,
  workspace: Workspace,
): Promise<void> {
  const address = imageOf(workspace);
  const entry = { path: imagePath(config, address), format: undefined };
  try {
    await setFormat(host, config, workspace, address.instance, entry);
  } catch (error) {
    if (!PlatterError.is(error) || error.code !== 'CORRUPT') throw error;
    host.events.emit({ type: 'warning', message: `cannot forget its format: ${error.message}` });
  }
}

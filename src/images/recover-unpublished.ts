/**
 * Images whose making was cut off, or failed, between their record and their file. The record that was to describe it, and
 * its format in disk.info, would from then on tell of whatever somebody else puts there.
 */
import type { Config } from '../config/config.ts';
import { imagePath } from '../config/layout.ts';
import type { ImageAddress } from '../names.ts';
import type { Outcome } from '../operations/perform.ts';
import type { Session } from '../operations/step.ts';
import { publicationState, takeRecordBack } from '../workspace/publication-state.ts';
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
  const state = await publicationState(filesystem, leftover, [draftFile]);
  if (state === 'unknown') return 'undone';
  if (state === 'published') return 'finished';
  const path = imagePath(config, address);
  // The format first: the record tells whose it is.
  await setFormat(session.host, config, leftover, address.instance, { path, format: undefined });
  await takeRecordBack(filesystem, leftover);
  return 'undone';
}

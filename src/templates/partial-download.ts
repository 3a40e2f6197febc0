/**
 * Downloads that were broken off: kept as `<name>.partial` in the store's private area, and continued by the next
 * operation that fetches the same template from the same address.
 */
import { isHostError } from '../errors.ts';
import { describeSource, type ImageSource } from '../ingress/source.ts';
import type { Outcome } from '../operations/perform.ts';
import type { Session } from '../operations/step.ts';
import { areaPath } from '../workspace/area.ts';
import {
  abandonIntent,
  readIntent,
  writeIntent,
  unknownOperation,
  type Intent,
  type Workspace,
} from '../workspace/workspace.ts';
import { receivedFile } from './drafts.ts';
import { renameOnce } from '../workspace/once.ts';

const operation = 'download';

export const partialSuffix = '.partial';

function partialPath({ directory, name }: Workspace): string {
  return `${areaPath(directory)}/${name}${partialSuffix}`;
}

/** Writes down how the transfer can be continued, if the server allows it. */
export async function rememberDownload(
  session: Session,
  source: ImageSource,
  validator: string | undefined,
): Promise<void> {
  const { host, workspace } = session;
  if (validator === undefined || (await readIntent(host.filesystem, workspace)) !== undefined) {
    return;
  }
  const startedAt = new Date(host.clock.now()).toISOString();
  const url = describeSource(source);
  const { boot } = host.facts.self;
  await writeIntent(host.filesystem, workspace, { operation, startedAt, url, validator, boot });
}

/** All bytes are there: what fails from here on is not mended by continuing. */
export async function finishDownload({ host, workspace }: Session): Promise<void> {
  if ((await readIntent(host.filesystem, workspace)) === undefined) return;
  await abandonIntent(host.filesystem, workspace);
}

/** Recovery of a template operation: keeps what was downloaded; all else in its workspace is rubbish. */
export async function keepDownload(
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  if (intent.operation !== operation) throw unknownOperation(leftover, intent);
  const { filesystem } = session.host;
  await filesystem.removeTree(partialPath(leftover));
  await renameOnce(filesystem, leftover.path, partialPath(leftover));
  return 'undone';
}

/** Takes over what an earlier operation downloaded from the same address; undefined when there is nothing of use. */
export async function adoptDownload(
  session: Session,
  source: ImageSource,
  target: string,
): Promise<{ validator: string } | undefined> {
  if (source.kind !== 'url') return undefined;
  const { filesystem, facts } = session.host;
  const { boot } = facts.self;
  const path = `${session.workspace.path}/partial`;
  try {
    await renameOnce(filesystem, partialPath(session.workspace), path);
    const intent = await readIntent(filesystem, { ...session.workspace, path });
    const validator = intent?.['validator'];
    const isSame = intent?.['url'] === describeSource(source);
    // What another host, or this one before it lost its power, has not synced may be missing from the middle of it.
    const isWhole = intent?.['boot'] === boot;
    const isOfUse = isSame && isWhole && typeof validator === 'string';
    if (isOfUse) await renameOnce(filesystem, `${path}/${receivedFile}`, target);
    // Or it would be kept within what is kept of this one, should this one be broken off too.
    await filesystem.removeTree(path);
    if (!isOfUse) return undefined;
    await rememberDownload(session, source, validator);
    return { validator };
  } catch (error) {
    if (isHostError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Downloads that were broken off: kept as `<name>.partial` in the store's private area, and continued by the next
 * operation that fetches the same template from the same address.
 */
import { isHostError } from '../errors.ts';
import type { Version } from '../ingress/download.ts';
import { describeSource, type ImageSource } from '../ingress/source.ts';
import type { Outcome } from '../operations/perform.ts';
import type { Session } from '../operations/step.ts';
import type { Host } from '../ports/host.ts';
import { areaPath } from '../workspace/area.ts';
import {
  abandonIntent,
  readIntent,
  replaceIntent,
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

/**
 * Writes down how the transfer can be continued, if the server allows it. What is written down is never another version
 * than what is in the file.
 */
export async function rememberDownload(
  session: Session,
  source: ImageSource,
  version: Version | undefined,
): Promise<void> {
  const { host, workspace } = session;
  const { filesystem } = host;
  const former = await readIntent(filesystem, workspace);
  if (version === undefined) {
    if (former !== undefined) await abandonIntent(filesystem, workspace);
    return;
  }
  const known = former === undefined ? undefined : versionIn(former);
  if (known?.validator === version.validator && known.totalBytes === version.totalBytes) return;
  const intent = {
    operation,
    startedAt: new Date(host.clock.now()).toISOString(),
    url: describeSource(source),
    addressSha256: addressSha256(host, source),
    ...version,
    boot: host.facts.self.boot,
  };
  const write = former === undefined ? writeIntent : replaceIntent;
  await write(filesystem, workspace, intent);
}

function versionIn({ validator, totalBytes }: Intent): Version | undefined {
  if (typeof validator !== 'string') return undefined;
  return { validator, totalBytes: typeof totalBytes === 'number' ? totalBytes : undefined };
}

/** The query is a part of the address, and may hold secrets: it can be compared, and not be read. */
function addressSha256({ digests }: Host, source: ImageSource): string {
  const digest = digests.sha256();
  digest.update(Buffer.from(source.kind === 'url' ? source.url : describeSource(source)));
  return digest.hex();
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
): Promise<Version | undefined> {
  if (source.kind !== 'url') return undefined;
  const { host } = session;
  const { filesystem, facts } = host;
  const { boot } = facts.self;
  const path = `${session.workspace.path}/partial`;
  try {
    await renameOnce(filesystem, partialPath(session.workspace), path);
    const intent = await readIntent(filesystem, { ...session.workspace, path });
    const version = intent === undefined ? undefined : versionIn(intent);
    const isSame = intent?.['addressSha256'] === addressSha256(host, source);
    // What another host, or this one before it lost its power, has not synced may be missing from the middle of it.
    const isWhole = intent?.['boot'] === boot;
    const isOfUse = isSame && isWhole && version !== undefined;
    if (isOfUse) await renameOnce(filesystem, `${path}/${receivedFile}`, target);
    // Or it would be kept within what is kept of this one, should this one be broken off too.
    await filesystem.removeTree(path);
    if (!isOfUse) return undefined;
    await rememberDownload(session, source, version);
    return version;
  } catch (error) {
    if (isHostError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

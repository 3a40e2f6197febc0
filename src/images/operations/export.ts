/** Copies the content of an image, or of one of its snapshots, into a file outside (B048, B059). */
import { afterwards, isHostError, PlatterError, reporting } from '../../errors.ts';
import type { Operation } from '../../operations/perform.ts';
import type { Prepared, Session } from '../../operations/step.ts';
import type { FileKind } from '../../ports/filesystem.ts';
import type { Host } from '../../ports/host.ts';
import { parentOf } from '../../workspace/area.ts';
import { completeIntent, writeIntent } from '../../workspace/workspace.ts';
import { imageOperation, requireOpenable, type ImageHandle } from '../context.ts';
import { warnOfLeanedOn } from '../files/leaned-on.ts';
import { describeExport, exportIntent, willPublish } from '../recover-export.ts';
import { requireSnapshot } from './create.ts';
import { linkOnce, renameOnce, standsAt, unlinkOnce } from '../../workspace/once.ts';

/** What qemu-img 7.2 can write, and the names that Nova uses for the same (B150). */
const toolFormats: Readonly<Record<string, string>> = {
  raw: 'raw',
  iso: 'raw',
  qcow2: 'qcow2',
  vmdk: 'vmdk',
  vdi: 'vdi',
  vpc: 'vpc',
  vhd: 'vpc',
  vhdx: 'vhdx',
  parallels: 'parallels',
  ploop: 'parallels',
};

export interface ExportRequest {
  /** Absolute path of the file to make. */
  readonly target: string;
  /** Default is the image's own format. */
  readonly format: string | undefined;
  readonly snapshot: string | undefined;
}

export function exportOperation(image: ImageHandle, request: ExportRequest): Operation<void> {
  return {
    ...imageOperation(image, 'image export'),
    prepare: (session) => prepareExport(session, image, request),
  };
}

async function prepareExport(
  session: Session,
  image: ImageHandle,
  request: ExportRequest,
): Promise<Prepared<void>> {
  const facts = await requireOpenable(image);
  const snapshot =
    request.snapshot === undefined ? undefined : requireSnapshot(facts, request.snapshot);
  const format = toolFormatOf(request.format ?? facts.format);
  await requireFree(session, request.target);
  await warnOfLeanedOn(image.host, image.config, facts);
  const part = partPath(request.target, session.workspace.id);
  const compress = format === 'qcow2' && image.config.snapshotCompression;
  const steps = await image.driver.export({ facts, snapshot, target: part, format, compress });
  return {
    steps: [
      {
        description: `begin ${part}`,
        run: async ({ host, workspace }) =>
          writeIntent(host.filesystem, workspace, {
            operation: exportIntent,
            backend: image.driver.type,
            snapshot: snapshot?.id,
            startedAt: new Date(host.clock.now()).toISOString(),
            ...(await describeExport(host, { part, target: request.target })),
          }),
      },
      ...steps,
      { description: `publish it as ${request.target}`, run: (s) => publishTo(s, part, request) },
    ],
    result: () => Promise.resolve(),
  };
}

function toolFormatOf(format: string): string {
  const found = Object.hasOwn(toolFormats, format) ? toolFormats[format] : undefined;
  if (found !== undefined) return found;
  throw new PlatterError('INVALID_ARGUMENT', `cannot export as ${JSON.stringify(format)}`, {
    details: { format },
    hint: `formats are ${Object.keys(toolFormats).join(', ')}`,
  });
}

/** Beside the target, so that it appears by one link. */
function partPath(target: string, id: string): string {
  const directory = parentOf(target);
  return `${directory === '/' ? '' : directory}/.platter~${id}.part`;
}

async function requireFree({ host }: Pick<Session, 'host'>, target: string): Promise<void> {
  const directory = parentOf(target);
  const parent = await kindOf(host, directory);
  if (parent === undefined || parent === 'file') {
    throw new PlatterError('NOT_FOUND', `there is no directory ${directory} to export to`, {
      hint: 'make it first, or name another file',
    });
  }
  const kind = await kindOf(host, target);
  if (kind === undefined) return;
  if (kind !== 'directory') throw targetExists();
  throw new PlatterError('INVALID_ARGUMENT', `${target} is a directory`, {
    hint: 'name the file to make',
  });
}

/** Undefined when nothing is there. */
async function kindOf({ filesystem }: Host, path: string): Promise<FileKind | undefined> {
  try {
    return (await filesystem.stat(path)).kind;
  } catch (error) {
    if (isHostError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

function targetExists(cause?: unknown): PlatterError {
  return new PlatterError('ALREADY_EXISTS', 'the file to export to exists already', {
    hint: 'remove it first, or name another file',
    cause,
  });
}

/** What filesystems say that have no hard links (FAT and its like, which people do export to). */
const hasNoLinks = ['EPERM', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS'];

async function publishTo(session: Session, part: string, { target }: ExportRequest) {
  const { host, workspace } = session;
  const { filesystem } = host;
  await filesystem.sync(part);
  await willPublish(session, part);
  await giveName(host, part, target);
  await afterwards(
    reporting('clear up after the export', async () => {
      await unlinkOnce(filesystem, part);
      await filesystem.syncDirectory(parentOf(target));
      await completeIntent(filesystem, workspace);
    }),
  );
}

async function giveName(host: Host, part: string, target: string): Promise<void> {
  const { filesystem } = host;
  try {
    await linkOnce(filesystem, part, target);
  } catch (error) {
    if (isHostError(error, 'EEXIST')) throw targetExists(error);
    if (!isHostError(error, ...hasNoLinks)) throw error;
    await requireFree({ host }, target);
    const isThere = standsAt(filesystem, target, await filesystem.stat(part));
    await renameOnce(filesystem, part, target, isThere);
  }
}

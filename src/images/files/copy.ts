/** Copies a file the cheapest way that the filesystem has: shared extents, else the bytes without the holes. */
import { isHostError, PlatterError, type ErrorCode } from '../../errors.ts';
import type { Session } from '../../operations/step.ts';
import type { RunResult } from '../../ports/executor.ts';
import { cpSparse } from '../../tools/coreutils/cp.ts';
import { copyingLimits } from '../../ingress/containment.ts';
import { runTool } from '../../tools/run.ts';

/** The errors by which a filesystem says that these two files cannot share extents. */
const cannotClone = ['EOPNOTSUPP', 'ENOTSUP', 'EXDEV', 'EINVAL', 'ENOSYS', 'ENOTTY'];

/** Whether the filesystem made `target` share the extents of `source`. Nothing is left when it cannot. */
async function tryReflink(session: Session, source: string, target: string): Promise<boolean> {
  try {
    await session.host.filesystem.clone(source, target);
    return true;
  } catch (error) {
    if (isHostError(error, ...cannotClone)) return false;
    throw error;
  }
}

/** Makes the private file `target`; resolves to the method that was used. */
export async function copyFile(
  session: Session,
  source: string,
  target: string,
): Promise<'reflink' | 'copy'> {
  if (await tryReflink(session, source, target)) return 'reflink';
  const { sizeBytes } = await session.host.filesystem.stat(source);
  await session.withSlot(() =>
    runTool(session.host.executor, cpSparse(source, target), {
      action: 'copy the image',
      classify: classifyCpFailure,
      signal: session.signal,
      timeoutMs: copyingLimits(session.limits, sizeBytes).timeoutMs,
    }),
  );
  return 'copy';
}

/** cp exits with 1 whatever happened. */
function classifyCpFailure({ stderr }: RunResult): ErrorCode {
  if (/No space left on device|Disk quota exceeded|File too large/.test(stderr)) return 'NO_SPACE';
  if (/Permission denied|Read-only file system/.test(stderr)) return 'PERMISSION_DENIED';
  return /No such file or directory/.test(stderr) ? 'NOT_FOUND' : 'TOOL_FAILED';
}

/** For snapshots, which are worth having only where they cost nothing. */
export async function reflink(session: Session, source: string, target: string): Promise<void> {
  if (await tryReflink(session, source, target)) return;
  throw new PlatterError('NOT_SUPPORTED', 'the filesystem cannot share data between files', {
    hint: 'snapshots of flat images need XFS or btrfs; qcow2 images have them everywhere',
  });
}

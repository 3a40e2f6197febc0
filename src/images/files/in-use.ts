/** Whether a virtual machine, or anything else that locks images as qemu does, has a disk open. */
import type { Config, ImageType } from '../../config/config.ts';
import { isHostError, PlatterError } from '../../errors.ts';
import type { Session } from '../../operations/step.ts';
import type { Filesystem } from '../../ports/filesystem.ts';
import { managed } from '../../ingress/proven.ts';
import { qemuImgTakeLock } from '../../tools/qemu-img/argv.ts';
import { classifyQemuImgFailure } from '../../tools/qemu-img/errors.ts';
import { runTool } from '../../tools/run.ts';
import { formatAddress } from '../../names.ts';
import { statOrNothing } from '../../workspace/once.ts';
import type { ImageFacts } from '../driver.ts';
import { openable } from './file-image.ts';
import { isLockedByQemu } from './qemu-locks.ts';

/** Raw images cannot be checked: that it says so shows that it got as far. */
const nothingToCheck = 63;

/**
 * Throws IN_USE. qemu-img itself finds it out, by the locks that qemu takes on images, also over NFS. They are locks on the
 * file, whatever it holds: one that platter did not make is taken as raw, so that nothing that it names is opened, and a
 * flat one too, which may have the tables of its template.
 */
export async function requireNotInUse(
  session: Session,
  config: Config,
  { type, facts }: { readonly type: ImageType; readonly facts: ImageFacts },
): Promise<void> {
  const { path, recordId, virtualSizeBytes } = facts;
  const isOwn = recordId !== null && type !== 'flat';
  const image = isOwn ? openable(facts) : managed(path, 'raw', virtualSizeBytes);
  await runTool(session.host.executor, qemuImgTakeLock(image), {
    action: `take ${formatAddress(facts.address)}`,
    classify: classifyQemuImgFailure,
    succeeds: ({ exitCode }) => exitCode === 0 || exitCode === nothingToCheck,
    signal: session.signal,
    timeoutMs: config.limits.toolTimeoutSeconds * 1000,
  });
  await requireNotLocked(session, facts);
}

/** Whoever looks at it takes the locks for a moment, too. */
const looks = 3;
const lookMs = 300;

/** Those who share what they have open with writers, and those who read a raw image, do not keep qemu-img away. */
async function requireNotLocked({ host, signal }: Session, { address, path }: ImageFacts) {
  const { filesystem, clock } = host;
  for (let look = 1; ; look += 1) {
    const stat = await statOrNothing(filesystem, path);
    if (stat === undefined || !isLockedByQemu(await locksOf(filesystem), stat)) return;
    if (look === looks) break;
    await clock.sleep(lookMs, signal);
  }
  throw new PlatterError('IN_USE', `${formatAddress(address)} is in use: a process has it open`, {
    details: { path },
    hint: 'stop the virtual machine, or whatever exports the disk, and try again',
  });
}

/** Nothing, where the kernel does not tell: then qemu-img's word counts alone. */
async function locksOf(filesystem: Filesystem): Promise<string> {
  return filesystem.readText('/proc/locks').catch((error: unknown) => {
    if (isHostError(error)) return '';
    throw error;
  });
}

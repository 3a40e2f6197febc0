/** Grows a disk that is a file, and finds out what became of a growth that was interrupted. */
import type { Config, ImageType } from '../../config/config.ts';
import { assert, isHostError } from '../../errors.ts';
import type { Outcome } from '../../operations/perform.ts';
import { runQemuImg } from '../../operations/run-qemu-img.ts';
import type { Session, Step } from '../../operations/step.ts';
import { formatExactSize } from '../../sizes.ts';
import { qemuImgResize } from '../../tools/qemu-img/argv.ts';
import type { Intent, Workspace } from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { openable } from './file-image.ts';
import { inPlaceStep, linkPath } from './in-place.ts';
import { reserveSpace } from './publish-image.ts';
import { describeQcow2, repairLeaks } from './qcow2-state.ts';

export const growOperation = 'resize';

export function growStep(
  config: Config,
  type: ImageType,
  facts: ImageFacts,
  sizeBytes: number,
): Step {
  return inPlaceStep({
    type,
    facts,
    operation: growOperation,
    details: () => Promise.resolve({ sizeBytes }),
    description: `grow it to ${formatExactSize(sizeBytes)}`,
    step: { command: qemuImgResize(openable(facts), sizeBytes) },
    async change(session, image) {
      await runQemuImg(session, qemuImgResize(image, sizeBytes), {
        action: 'grow the disk',
        effect: 'in place',
        timeoutMs: config.limits.toolTimeoutSeconds * 1000,
      });
      await reserveSpace(session, config, image.path, sizeBytes);
    },
  });
}

/** The size that the disk has now tells whether it grew; qcow2 may have been left with clusters of no use. */
export async function recoverGrowth(
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  assert(intent.operation === growOperation, `unknown interrupted operation ${intent.operation}`);
  const path = linkPath(leftover);
  try {
    const sizeBytes = await currentSize(session, path, intent['format'] === 'qcow2');
    if (sizeBytes < Number(intent['sizeBytes'])) return 'undone';
    // It may have failed, or died, before it was durable, and the size is seen by everybody.
    await session.host.filesystem.sync(path);
    return 'finished';
  } catch (error) {
    // Without the link nothing was begun.
    if (isHostError(error, 'ENOENT')) return 'undone';
    throw error;
  }
}

async function currentSize(session: Session, path: string, isQcow2: boolean): Promise<number> {
  const { filesystem } = session.host;
  if (!isQcow2) return (await filesystem.stat(path)).sizeBytes;
  await filesystem.stat(path);
  await repairLeaks(session, path);
  return (await describeQcow2(filesystem, path)).virtualSizeBytes;
}

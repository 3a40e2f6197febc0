/** Grows a disk that is a file, and finds out what became of a growth that was interrupted. */
import type { Config, ImageType } from '../../config/config.ts';
import { isHostError } from '../../errors.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import type { Host } from '../../ports/host.ts';
import { formatExactSize } from '../../sizes.ts';
import { unknownOperation, type Intent, type Workspace } from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { openable } from './file-image.ts';
import { missingBytes, reserveGrown, spaceStep } from './grown-space.ts';
import { growthCommand, planGrowth, runGrowth } from './growth.ts';
import { firstEffect, inPlaceStep, linkPath } from './in-place.ts';
import { reportingGone } from './leaned-on.ts';
import { describeQcow2, repairLeaks } from './qcow2-state.ts';

export const growOperation = 'resize';

export async function growSteps(
  { filesystem }: Pick<Host, 'filesystem'>,
  config: Config,
  { type, facts }: { type: ImageType; facts: ImageFacts },
  sizeBytes: number,
): Promise<readonly Step[]> {
  const hasOwnTables = type !== 'flat' || facts.format === 'raw';
  const own = openable(facts);
  const growth = await reportingGone(config, facts, () =>
    planGrowth(filesystem, own, sizeBytes, { hasOwnTables }),
  );
  const disk = { type, facts, sizeBytes };
  const reserves = config.preallocateImages === 'space';
  const step = inPlaceStep({
    type,
    facts,
    operation: growOperation,
    details: () => Promise.resolve({ sizeBytes }),
    description: `grow it to ${formatExactSize(sizeBytes)}`,
    step: {
      command: growthCommand(own, growth),
      ...(reserves ? { bytes: missingBytes(disk) } : {}),
    },
    async change(session, image) {
      await firstEffect(session, () => runGrowth(session, image, growth, 'in place'));
      if (reserves) await reserveGrown(session, config, image.path, disk);
    },
  });
  return reserves ? [spaceStep(disk), step] : [step];
}

/** The size that the disk has now tells whether it grew; qcow2 may have been left with clusters of no use. */
export async function recoverGrowth(
  session: Session,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  if (intent.operation !== growOperation) throw unknownOperation(leftover, intent);
  const path = linkPath(leftover);
  try {
    const sizeBytes = await currentSize(session, path, intent);
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

async function currentSize(session: Session, path: string, intent: Intent): Promise<number> {
  const { filesystem } = session.host;
  const { sizeBytes } = await filesystem.stat(path);
  if (intent['format'] !== 'qcow2') return sizeBytes;
  await repairLeaks(session, path, { hasOwnTables: intent['backend'] !== 'flat' });
  return (await describeQcow2(filesystem, path)).virtualSizeBytes;
}

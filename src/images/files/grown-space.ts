/** The space of a disk that grows, where it is to be reserved (`preallocate_images = "space"`). */
import type { Config, ImageType } from '../../config/config.ts';
import { isHostError, PlatterError } from '../../errors.ts';
import { requireSpace } from '../../operations/space.ts';
import type { Session, Step } from '../../operations/step.ts';
import { formatExactSize } from '../../sizes.ts';
import { parentOf } from '../../workspace/area.ts';
import type { ImageFacts } from '../driver.ts';
import { requireNotInUse } from './in-use.ts';
import { reserveSpace } from './publish-image.ts';

export interface GrownDisk {
  readonly type: ImageType;
  /** As it was before. */
  readonly facts: ImageFacts;
  readonly sizeBytes: number;
}

/** What the file has not yet got, at least: of what it has some may lie behind. */
export function missingBytes({ facts, sizeBytes }: GrownDisk): number {
  return Math.max(0, sizeBytes - facts.allocatedBytes);
}

/** Before anything is changed: a reservation that fails half-way fills the filesystem, and the disk has grown by then. */
export function spaceStep(disk: GrownDisk): Step {
  const { path } = disk.facts;
  return {
    description: `make sure that there is space for it beside ${path}`,
    async run({ host }) {
      try {
        // By its first byte it is found out whether the filesystem reserves any: else nothing will be taken.
        await host.filesystem.allocate(path, 1);
      } catch (error) {
        if (isHostError(error, 'EOPNOTSUPP', 'ENOTSUP')) return;
        throw error;
      }
      await requireSpace(host, parentOf(path), missingBytes(disk));
    },
  };
}

/** Of a disk that has just grown, at `path`. */
export async function reserveGrown(
  session: Session,
  config: Config,
  path: string,
  disk: GrownDisk,
): Promise<void> {
  try {
    await reserveSpace(session, config, path, disk.sizeBytes);
  } catch (error) {
    if (!isHostError(error, 'ENOSPC', 'EDQUOT')) throw error;
    await giveBack(session, config, path, disk);
    const size = formatExactSize(disk.sizeBytes);
    throw new PlatterError(
      'NO_SPACE',
      `the disk has grown to ${size}, but its space is not reserved: the filesystem has not enough left`,
      {
        details: { errno: error.code, path: disk.facts.path },
        hint: 'free some space (platter template prune --dry-run lists unused templates) before the guest writes to it',
        cause: error,
      },
    );
  }
}

/**
 * What the filesystem has reserved before it found that there is not enough. Only where nothing can be yet: a raw disk is
 * as good as new behind its former end. Within it, and in a qcow2 file, nobody can tell what was reserved just now from
 * what is the guest's.
 */
async function giveBack(
  session: Session,
  config: Config,
  path: string,
  { type, facts, sizeBytes }: GrownDisk,
): Promise<void> {
  if (facts.format !== 'raw') return;
  const former = facts.virtualSizeBytes;
  try {
    // A guest that was started meanwhile may have written there.
    await requireNotInUse(session, config, { type, facts });
    await session.host.filesystem.punchHole(path, former, sizeBytes - former);
  } catch (error) {
    if (!isHostError(error) && !PlatterError.is(error)) throw error;
    const message = `cannot give back the space that was reserved: ${error.message}`;
    session.host.events.emit({ type: 'warning', message });
  }
}

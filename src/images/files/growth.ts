/**
 * How a file is made larger. qemu-img opens the file alone, uncontained: its tables are platter's own. Two are otherwise:
 *
 * - A flat disk that kept the format of its template has the template's tables, which a stranger wrote.
 * - A disk that is smaller than what it leans on would show more of it. qemu-img writes zeros there, if it has opened what
 *   is behind, and not else (no-backing.json). Nova, or somebody by hand, made such a disk, or it is a copy of one.
 */
import type { ProvenImage } from '../../ingress/proven.ts';
import { changeContained, runQemuImg, type QemuImgRun } from '../../operations/run-qemu-img.ts';
import type { Session } from '../../operations/step.ts';
import type { Command } from '../../ports/executor.ts';
import type { Filesystem } from '../../ports/filesystem.ts';
import { roundUp, sectorBytes } from '../../sizes.ts';
import { qemuImgResize } from '../../tools/qemu-img/argv.ts';
import { describeQcow2 } from './qcow2-state.ts';

export interface Growth {
  readonly sizeBytes: number;
  readonly opensChain: boolean;
  readonly isContained: boolean;
}

/** Starts no tool. */
export async function planGrowth(
  filesystem: Filesystem,
  image: ProvenImage,
  sizeBytes: number,
  { hasOwnTables }: { readonly hasOwnTables: boolean },
): Promise<Growth> {
  const { behind } = image;
  const opensChain =
    behind !== undefined && image.virtualSizeBytes < (await sizeBehind(filesystem, image, behind));
  return { sizeBytes, opensChain, isContained: opensChain || !hasOwnTables };
}

/** Of another format, or of one that is not named, it is not known, and so may be any. */
async function sizeBehind(
  filesystem: Filesystem,
  { path }: ProvenImage,
  behind: string,
): Promise<number> {
  const { backingFormat } = await describeQcow2(filesystem, path);
  if (backingFormat === 'raw') {
    return roundUp((await filesystem.stat(behind)).sizeBytes, sectorBytes);
  }
  if (backingFormat !== 'qcow2') return Infinity;
  return (await describeQcow2(filesystem, behind)).virtualSizeBytes;
}

export function growthCommand(image: ProvenImage, { sizeBytes, opensChain }: Growth): Command {
  return qemuImgResize(image, sizeBytes, { opensChain });
}

export async function runGrowth(
  session: Session,
  image: ProvenImage,
  growth: Growth,
  effect: QemuImgRun['effect'],
): Promise<void> {
  const run = { action: 'grow the disk', effect };
  const command = growthCommand(image, growth);
  if (!growth.isContained) return runQemuImg(session, command, run);
  const grown = { ...image, virtualSizeBytes: growth.sizeBytes };
  return changeContained(session, command, grown, run);
}

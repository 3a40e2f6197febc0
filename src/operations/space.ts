/** Whether there is room for what is about to be made. */
import { PlatterError } from '../errors.ts';
import type { Host } from '../ports/host.ts';
import { formatSize } from '../sizes.ts';

/** NO_SPACE, before anything is changed, where the filesystem of `directory` has less. */
export async function requireSpace(
  { filesystem }: Pick<Host, 'filesystem'>,
  directory: string,
  neededBytes: number,
): Promise<void> {
  const { availableBytes } = await filesystem.space(directory);
  if (neededBytes <= availableBytes) return;
  throw new PlatterError(
    'NO_SPACE',
    `${formatSize(neededBytes)} is needed, ${formatSize(availableBytes)} is free`,
    {
      details: { neededBytes, availableBytes },
      hint: 'free some space (platter template prune --dry-run lists unused templates) and try again',
    },
  );
}

/** Clears up after an export that was broken off: its half-made file stands outside of every workspace. */
import type { Outcome } from '../operations/perform.ts';
import type { Session } from '../operations/step.ts';
import type { Intent } from '../workspace/workspace.ts';

export const exportIntent = 'export';

/** Id of the snapshot that was read; undefined for the disk itself. */
export function exportedSnapshot(intent: Intent): string | undefined {
  const id = intent['snapshot'];
  return typeof id === 'string' ? id : undefined;
}

/** A half-made file is of no use to anybody. */
export async function recoverExport(session: Session, intent: Intent): Promise<Outcome> {
  await session.host.filesystem.removeTree(String(intent['part']));
  return 'undone';
}

/** Clears up after an export that was broken off: its half-made file stands outside of every workspace. */
import type { Outcome } from '../operations/perform.ts';
import type { Session } from '../operations/step.ts';
import type { Intent } from '../workspace/workspace.ts';

export const exportIntent = 'export';

/** A half-made file is of no use to anybody. Undefined when the intent is another's. */
export async function recoverExport(
  session: Session,
  intent: Intent,
): Promise<Outcome | undefined> {
  if (intent.operation !== exportIntent) return undefined;
  await session.host.filesystem.removeTree(String(intent['part']));
  return 'undone';
}

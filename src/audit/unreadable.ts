/** What cannot be looked at. */
import { BugError, toPlatterError } from '../errors.ts';
import type { Stray, StrayKind } from './stray.ts';

/** One thing that cannot be read must not hide the others. `kindOf` tells what an error says is wrong. */
export async function orUnreadable(
  path: string,
  subject: string | null,
  look: () => Promise<readonly Stray[]>,
  kindOf: (error: Error) => StrayKind = () => 'unreadable',
): Promise<readonly Stray[]> {
  try {
    return await look();
  } catch (thrown) {
    const error = toPlatterError(thrown, 'look at it');
    if (error instanceof BugError) throw error;
    const { hint } = error as { hint?: string };
    return [
      {
        kind: kindOf(error),
        path,
        subject,
        allocatedBytes: null,
        message: error.message,
        hint: hint ?? 'run as a user who may read it',
      },
    ];
  }
}

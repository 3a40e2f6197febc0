/**
 * The lock that ploop 1.15 takes on the descriptor that it works on: `flock` on a file beside it, which stays (seen with
 * strace). It waits as long as somebody else has it, and loses it when it ends, however it ends.
 */
import type { Inode } from '../../volume/inode.ts';
import type { ToolContext, ToolStep } from '../program.ts';

/** Who waits for the lock of this file. */
const locks = new WeakMap<Inode, (() => void)[]>();

export function* lockDescriptor(
  { volume, held }: ToolContext,
  path: string,
): Generator<ToolStep, void, void> {
  const file = `${path}.lck`;
  const inode = volume.peek(file) ?? volume.create(file, 'file', 0o600, '');
  for (;;) {
    const waiting = locks.get(inode);
    if (waiting === undefined) break;
    yield { name: 'wait for lock', subject: file, until: (wake) => waiting.push(wake) };
  }
  const waiting: (() => void)[] = [];
  locks.set(inode, waiting);
  held.push(() => {
    locks.delete(inode);
    for (const wake of waiting) wake();
  });
}

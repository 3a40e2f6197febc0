/** Whether an operation is under way, for who only looks. */
import type { Host } from '../ports/host.ts';
import { isProvablyGone } from '../workspace/provably-gone.ts';
import type { Operation } from './perform.ts';

/** Somebody may be at work: on this host for certain, on another as far as can be told. */
export async function isAtWork(
  { locks, facts }: Pick<Host, 'locks' | 'facts'>,
  { directory, name }: Operation<unknown>['lock'],
): Promise<boolean> {
  const holder = await locks.holder(directory, name);
  return holder !== undefined && !(await isProvablyGone(facts, holder));
}

/** Proof that a process has ended. */
import type { HostFacts, ProcessIdentity } from '../ports/host-facts.ts';

/** Whether the process can no longer do anything. False also means "cannot be told from here". */
export async function isProvablyGone(
  facts: HostFacts,
  identity: ProcessIdentity,
): Promise<boolean> {
  const { self } = facts;
  if (identity.machine === self.machine && identity.boot !== self.boot) return true;
  if (identity.boot !== self.boot || identity.namespace !== self.namespace) return false;
  return !(await facts.isRunning(identity.pid, identity.processStart));
}

/** Whether nobody can tell from here: it is on another host, or in another container. */
export function isElsewhere({ self }: HostFacts, identity: ProcessIdentity): boolean {
  const { machine, boot, namespace } = identity;
  if (boot === self.boot) return namespace !== self.namespace;
  return machine !== self.machine;
}

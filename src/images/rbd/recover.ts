/** Finishes or undoes what operations on images in the cluster left half done. */
import type { Outcome } from '../../operations/perform.ts';
import type { Session } from '../../operations/step.ts';
import { unknownOperation, type Intent, type Workspace } from '../../workspace/workspace.ts';
import { recoverChange } from './change.ts';
import { recoverCleanUp } from './clean-up.ts';
import type { Cluster } from './cluster.ts';
import { recoverCreate } from './create.ts';
import { recoverDestroy } from './destroy.ts';
import { recoverDirectSnapshot } from './direct-snapshot.ts';
import { recoverReplace } from './replace.ts';

export async function recoverRbd(
  session: Session,
  cluster: Cluster,
  leftover: Workspace,
  intent: Intent,
): Promise<Outcome> {
  const outcome =
    (await recoverCreate(session, cluster, leftover, intent)) ??
    (await recoverReplace(session, cluster, leftover, intent)) ??
    (await recoverChange(session, cluster, intent)) ??
    (await recoverDestroy(session, cluster, leftover, intent)) ??
    (await recoverDirectSnapshot(session, cluster, leftover, intent)) ??
    (await recoverCleanUp(session, cluster, intent));
  if (outcome !== undefined) return outcome;
  throw unknownOperation(leftover, intent);
}

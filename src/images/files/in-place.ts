/**
 * Changes a disk that is a file where it stands. What is about to be done is written down durably first; the tool works
 * on a hard link in the workspace, so that it meets the very disk that was looked at, or nothing.
 */
import type { ImageType } from '../../config/config.ts';
import { PlatterError } from '../../errors.ts';
import type { ProvenImage } from '../../ingress/proven.ts';
import type { Session, Step } from '../../operations/step.ts';
import {
  abandonIntent,
  completeIntent,
  writeIntent,
  type Workspace,
} from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { openable } from './file-image.ts';
import { linkOnce } from '../../workspace/once.ts';

export interface InPlaceChange {
  readonly type: ImageType;
  readonly facts: ImageFacts;
  /** What recovery knows the change by. */
  readonly operation: string;
  /** What recovery needs besides, found just before the change. */
  readonly details: (session: Session) => Promise<Readonly<Record<string, unknown>>>;
  readonly description: string;
  readonly step?: Pick<Step, 'command' | 'bytes'>;
  readonly change: (session: Session, image: ProvenImage) => Promise<void>;
}

/** The hard link in a workspace to the disk that is being changed. */
export function linkPath(workspace: Workspace): string {
  return `${workspace.path}/in-place`;
}

/** What a tool could not open, or that could not be started, has changed nothing: nobody must finish or undo it later. */
export async function firstEffect(
  { host, workspace }: Session,
  act: () => Promise<void>,
): Promise<void> {
  try {
    await act();
  } catch (error) {
    const hasNotBegun =
      PlatterError.is(error) && (error.code === 'IN_USE' || error.code === 'TOOL_MISSING');
    if (hasNotBegun) await abandonIntent(host.filesystem, workspace);
    throw error;
  }
}

export function inPlaceStep({ facts, ...order }: InPlaceChange): Step {
  return {
    description: order.description,
    ...order.step,
    async run(session) {
      const { host, workspace } = session;
      const link = linkPath(workspace);
      // Before the intent, with which it becomes durable: recovery takes a missing link to mean that nothing was begun.
      await linkOnce(host.filesystem, facts.path, link);
      await writeIntent(host.filesystem, workspace, {
        operation: order.operation,
        backend: order.type,
        startedAt: new Date(host.clock.now()).toISOString(),
        format: facts.format,
        ...(await order.details(session)),
      });
      await order.change(session, openable(facts, link));
      await host.filesystem.sync(link);
      await completeIntent(host.filesystem, workspace);
    },
  };
}

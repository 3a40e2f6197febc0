/** Changes an image where it stands. What is about to be done is written down durably first. */
import { parentOf } from '../../workspace/area.ts';
import type { Step } from '../../operations/step.ts';
import {
  abandonIntent,
  completeIntent,
  writeIntent,
  type Intent,
} from '../../workspace/workspace.ts';
import type { Session } from '../../operations/step.ts';
import { hasNotBegun } from './run-rbd.ts';

export interface InPlaceChange extends Pick<Step, 'description' | 'command' | 'bytes'> {
  /** What recovery knows the change by, and what it needs besides. */
  readonly intent: Readonly<Record<string, unknown>> & { readonly operation: string };
  /** What must hold; nothing is written down before. */
  readonly require?: (session: Session) => Promise<void>;
  readonly change: (session: Session) => Promise<void>;
}

export function inPlaceStep({ intent, require, change, ...step }: InPlaceChange): Step {
  return {
    ...step,
    async run(session) {
      await require?.(session);
      await begin(session, intent);
      await firstEffect(session, () => change(session));
      await completeIntent(session.host.filesystem, session.workspace);
    },
  };
}

export async function firstEffect(session: Session, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    await forgetIfNotBegun(session, error);
    throw error;
  }
}

/** What was not begun must not be finished or undone by anybody later. */
export async function forgetIfNotBegun({ host, workspace }: Session, error: unknown) {
  if (hasNotBegun(error)) await abandonIntent(host.filesystem, workspace);
}

export async function begin(
  { host, workspace }: Session,
  about: Omit<Intent, 'startedAt'> & { operation: string },
): Promise<Intent> {
  const { directory } = workspace;
  // The cluster does not lose power with this host: what is made there must be known here afterwards.
  await host.filesystem.syncDirectory(directory, parentOf(directory));
  const intent = {
    ...about,
    backend: 'rbd',
    // Whoever takes the workspace over gives it another one.
    id: workspace.id,
    startedAt: new Date(host.clock.now()).toISOString(),
  };
  await writeIntent(host.filesystem, workspace, intent);
  return intent;
}

import { describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import { isUnknown, wasFinished } from '../model/touched.ts';

export const undoTold: Invariant = {
  id: 'undo-told',
  description:
    'what fails, and leaves something to be undone, says so beside what went wrong first',
  onFailed(model, run) {
    const [subject] = run.addresses ?? [];
    // What is in the way of others may be theirs.
    if (!run.isAlone || subject === undefined || run.error === undefined) return undefined;
    if (isUnknown(run.error) || wasFinished(run.error)) return undefined;
    const left = model.workspacesOf(run.process, subject);
    if (left.every((inode) => run.workspacesBefore.has(inode))) return undefined;
    return `${describeRun(run)} failed (${run.error.code} ${run.error.message}) and left a workspace, of which it says nothing`;
  },
};

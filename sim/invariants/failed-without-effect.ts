import { describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import { isUnknown, wasFinished } from '../model/touched.ts';
import { same } from './outcome.ts';

export const failedWithoutEffect: Invariant = {
  id: 'failed-without-effect',
  description:
    'what fails, and does not say that something is left to be done, has changed nothing',
  onFailed(model, run) {
    const [subject] = run.addresses ?? [];
    if (!run.isAlone || subject === undefined || run.error === undefined) return undefined;
    const { code, message } = run.error;
    // What came too late to stop what was under way says so.
    if (isUnknown(run.error) || wasFinished(run.error)) return undefined;
    const after = model.state(subject);
    const what = `${describeRun(run)} failed (${code} ${message}) and`;
    if (run.before === undefined) return after === undefined ? undefined : `${what} left a disk`;
    if (after === undefined) return `${what} the disk is gone`;
    const wrong = same(after, run.before);
    return wrong === undefined ? undefined : `${what} ${wrong}`;
  },
};

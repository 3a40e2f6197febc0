import { describeRun, replaces } from '../model/expected.ts';
import { wasFinished } from '../model/touched.ts';
import { expected, made } from '../model/wanted.ts';
import type { Invariant } from '../model/invariant.ts';
import { same } from './outcome.ts';

export const toldOutcome: Invariant = {
  id: 'told-outcome',
  description: 'what fails, and says that it was finished all the same, was finished',
  onFailed(model, run) {
    const { before, error, source, spec } = run;
    if (!run.isAlone || before === undefined || error === undefined || !wasFinished(error))
      return undefined;
    const after = model.state(spec.subject);
    const what = `${describeRun(run)} failed (${error.code}) and was told to be finished, but`;
    if (spec.kind === 'destroy')
      return after === undefined ? undefined : `${what} the disk is there`;
    if (after === undefined) return `${what} the disk is gone`;
    if (!after.isSound) return `${what} the disk is damaged`;
    const wanted =
      replaces(spec) && source !== undefined
        ? made(model, source, run)
        : expected(model, run, before);
    const wrong = same(after, wanted);
    return wrong === undefined ? undefined : `${what} ${wrong}`;
  },
};

/** Faults as data: what is counted, and from when. */
import { describe, expect, test } from 'vitest';
import { anyTool, FaultPlan, type Fault } from '../../sim/faults/fault.ts';
import { fatalSteps } from '../../sim/faults/lvm-steps.ts';

const at = (site: string, nth: number, more: Partial<Fault> = {}): Fault => ({
  ...{ host: 0, site, nth, kind: 'EIO' },
  ...more,
});

describe('a fault', () => {
  test('strikes the how-manieth visit of its host', () => {
    const fault = at('filesystem.sync', 2);
    const plan = new FaultPlan([fault]);
    const sites = ['filesystem.sync', 'filesystem.rename', 'filesystem.sync', 'filesystem.sync'];
    expect(plan.visit(1, 'filesystem.sync', false)).toBeUndefined();
    expect(sites.map((site) => plan.visit(0, site, false))).toEqual([
      undefined,
      undefined,
      fault,
      undefined,
    ]);
    expect([...plan.struck]).toEqual([[fault, 'filesystem.sync']]);
  });

  test('that is aimed at an operation counts since the first of its kind has begun', () => {
    const fault = at('*', 2, { since: 'resize' });
    const plan = new FaultPlan([fault]);
    const visit = () => plan.visit(0, 'filesystem.stat', false);
    plan.begin(0, 'cache');
    plan.begin(1, 'resize');
    expect([visit(), visit(), visit()]).toEqual([undefined, undefined, undefined]);
    plan.begin(0, 'resize');
    expect(visit()).toBeUndefined();
    plan.begin(0, 'resize');
    expect(visit()).toBe(fault);
  });

  test('of any tool counts the steps of tools, but for those that nobody survives', () => {
    const fault = at(anyTool, 2);
    const plan = new FaultPlan([fault]);
    const [fatal = ''] = fatalSteps;
    const steps = ['executor.run', 'cp: open source', fatal, 'cp: open target'];
    const struck = steps.map((step) => plan.visit(0, step, step.includes(': ')));
    expect(struck).toEqual([undefined, undefined, undefined, fault]);
  });
});

import { describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import type { OperationRun } from '../model/operation-run.ts';
import { perModel } from '../model/per-model.ts';
import type { Scenario } from '../scenarios/scenario.ts';

export const spaceChecked: Invariant = {
  id: 'space-checked',
  description:
    'where a volume group has no room from the start, nothing is made before that is told (B074)',
  onStep(model, process, name) {
    if (!/^(?:lvm: )?lv(?:create|extend)\b/.test(name)) return undefined;
    const run = model.runOf(process);
    if (run !== undefined) makersOf(model).add(run);
    return undefined;
  },
  onFailed(model, run) {
    const { scenario, faults } = model;
    if (run.error?.code !== 'NO_SPACE' || !makersOf(model).has(run)) return undefined;
    // How many chunks of a pool something needs is known only when it is there, and what a pool needs for itself to LVM.
    if (scenario.group?.thinPoolExtents !== undefined || isSparse(scenario)) return undefined;
    // Somebody else may have taken the room meanwhile.
    if (faults.length > 0 || scenario.clients.length > 1) return undefined;
    return `${describeRun(run)} failed (${run.error.message}) when it had begun`;
  },
};

function isSparse({ group, clients }: Scenario): boolean {
  return group?.sparse === true || clients.some(({ config }) => config?.lvm?.sparse === true);
}

/** Operations that have made a volume, or one larger. */
const makersOf = perModel(() => new Set<OperationRun>());

import { directoryOf } from '../model/layout.ts';
import { creates, describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import type { Model } from '../model/model.ts';

export const makers: Invariant = {
  id: 'makers',
  description:
    'of hosts that know of each other only by the cluster, one makes a disk of a name, and records it',
  onDone(model, run) {
    const { spec, process } = run;
    const home = model.homes.get(spec.subject);
    // To want a disk that another host has made meanwhile is to have it.
    if (!model.isApart || !creates(spec) || spec.kind === 'cache') return undefined;
    if (home === undefined || home === process.machine.index) return undefined;
    return `${describeRun(run)} is done, and the disk is one that host ${home + 1} has made`;
  },
  onRecovered(model) {
    for (const address of model.disks.keys()) {
      for (const { index } of model.world.machines) {
        const wrong = check(model, address, index);
        if (wrong !== undefined) return wrong;
      }
    }
    return undefined;
  },
};

function check({ world, scenario, homes, isApart }: Model, address: string, machine: number) {
  const home = homes.get(address);
  if (!isApart || home === undefined || home === machine) return undefined;
  const path = `${directoryOf(scenario, machine)}/${address.replace('/', '/.platter/')}.record`;
  const isRecorded = world.volume.peek(path) !== undefined && world.volume.list(path).length > 0;
  if (!isRecorded) return undefined;
  return `host ${machine + 1} has a record of ${address}, which host ${home + 1} has made`;
}

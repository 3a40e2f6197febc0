import { describeRun } from '../model/expected.ts';
import type { Invariant } from '../model/invariant.ts';
import { secretPath } from '../scenarios/contents.ts';

export const provenOnly: Invariant = {
  id: 'proven-only',
  description:
    'no tool ever opens an image that leans on a file of the host, and none becomes a disk',
  onStep(model, _process, name, subject) {
    if (!name.startsWith('qemu-img ')) return undefined;
    const inode = model.world.volume.peek(subject);
    if (inode?.payload?.kind !== 'qcow2') return undefined;
    return inode.payload.backing?.path === secretPath ? `${name} on ${subject}` : undefined;
  },
  onDone(_model, run) {
    return run.spec.isHostile === true ? `${describeRun(run)} was done` : undefined;
  },
};

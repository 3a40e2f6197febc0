import type { Invariant } from '../model/invariant.ts';

/** Reads the header of the file alone, or not even that, or writes the name of what is behind down without a look. */
const opensNothingBehind = /^qemu-img (?:info|create -q -u|check .*-f raw) /;

export const chainsContained: Invariant = {
  id: 'chains-contained',
  description: 'no tool opens a disk together with what it leans on, unless it is contained',
  onStep(model, _process, name, subject) {
    // A contained one is started by prlimit; one that opens the disk alone names no path.
    if (name !== 'executor.run' || !subject.startsWith('qemu-img ')) return undefined;
    if (opensNothingBehind.test(subject)) return undefined;
    for (const word of subject.split(' ')) {
      if (!word.startsWith('/')) continue;
      const payload = model.world.volume.peek(word)?.payload;
      if (payload?.kind === 'qcow2' && payload.backing !== undefined) return subject;
    }
    return undefined;
  },
};

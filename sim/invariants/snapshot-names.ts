import type { Invariant } from '../model/invariant.ts';

export const snapshotNames: Invariant = {
  id: 'snapshot-names',
  description: 'no two snapshots of a disk have the same name',
  onChange(model, { meaning }) {
    if (meaning.kind !== 'disk') return undefined;
    const content = model.disks.get(meaning.address)?.content;
    if (content?.kind !== 'qcow2') return undefined;
    const names = content.snapshots.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    return twice === undefined ? undefined : `${meaning.address} has two snapshots ${twice}`;
  },
};

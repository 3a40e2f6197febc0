import type { Invariant } from '../model/invariant.ts';

const writable = 0o222;

export const permissions: Invariant = {
  id: 'permissions',
  description:
    'nobody can write to templates and snapshots by mistake, and machines can to their disks',
  onChange(_model, { kind, meaning, run, inode }) {
    if (kind !== 'appear' || inode.kind !== 'file' || run === undefined) return undefined;
    // What somebody else has put there is as they have made it.
    if (run.spec.kind === 'put template' || run.spec.kind === 'foreign file') return undefined;
    const isWritable = (inode.mode & writable) !== 0;
    if (isWritable === (meaning.kind === 'disk')) return undefined;
    const what = meaning.kind === 'template' ? `template ${meaning.name}` : meaning.address;
    const which = meaning.kind === 'snapshot' ? `snapshot ${meaning.name} of ${what}` : what;
    return `${which} has the permissions ${inode.mode.toString(8)}`;
  },
};

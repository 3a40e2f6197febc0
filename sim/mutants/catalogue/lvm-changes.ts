/** Changes of disks that are logical volumes: growth, snapshots, restores. */
import type { Mutant } from '../mutant.ts';

export const lvmChangeMutants: readonly Mutant[] = [
  {
    id: 'lvm-names-by-prefix',
    description: 'snapshots belong to every disk whose name theirs begins with (D12)',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/facts',
        find: "tagOf(volume, 'of') === formatAddress(address)",
        replace: "tagOf(volume, 'of')?.startsWith(formatAddress(address))",
      },
    ],
  },
  {
    id: 'lvm-growth-not-zeroed',
    description: 'what a thick volume grows by shows what was there before',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/grow',
        find: 'await writeZeros(session, device, { fromBytes, toBytes });',
        replace: '',
      },
    ],
  },
  {
    id: 'lvm-growth-not-zeroed-again',
    description: 'growth that was cut off before it was zeroed is taken for done',
    backend: 'lvm',
    profile: 'tools',
    patches: [
      {
        module: 'images/lvm/grow',
        find: "await zeroAdded(place, session, name, added); return 'finished';",
        replace: "return 'finished';",
      },
    ],
  },
  {
    id: 'lvm-growth-forgotten',
    description: 'growing a volume does nothing (B072)',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/grow',
        find: 'const commands = [activate(group, name), ...guard, command];',
        replace: 'const commands = [activate(group, name)];',
      },
    ],
  },
  {
    id: 'lvm-snapshot-of-template-not-grown',
    description: 'a thin disk is as large as its template, whatever was asked for',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/create',
        find: '? [lvextend(group, privateName(session.workspace.id), order.sizeBytes)]',
        replace: '? []',
      },
    ],
  },
  {
    id: 'lvm-not-opened-again',
    description:
      'a disk that is there is left as it is, not active after its host was started anew',
    backend: 'lvm',
    profile: 'crash',
    patches: [
      {
        module: 'images/lvm/opening',
        find: 'if (!volume.isActive || !(await exists(place.host.filesystem, device))) {',
        replace: 'if (false) {',
      },
    ],
  },
  {
    id: 'lvm-merge-consumes',
    description: 'a snapshot is brought back by a merge, which uses it up',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/restore',
        find: `...createThinSnapshot({
            group,
            name: part,
            tags: tagsOfSuccessor({ disk, key }, address, workspace.id),
            origin: id,
            permission: 'rw',
          }),
          lvrename(group, disk.name, old),
          lvrename(group, part, disk.name),
          activate(group, disk.name),
          lvremove(group, old),`,
        replace: `{ file: 'lvconvert', args: ['-y', '--merge', group + '/' + id] },
          activate(group, disk.name),`,
      },
    ],
  },
  {
    id: 'lvm-restore-removes-first',
    description: 'a restore removes the disk, and then makes it anew of the snapshot',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/restore',
        find: 'deactivate(group, disk.name), ...createThinSnapshot({',
        replace: 'lvremove(group, disk.name), ...createThinSnapshot({',
      },
      {
        module: 'images/lvm/restore',
        find: 'lvrename(group, disk.name, old), lvrename(group, part, disk.name),',
        replace: 'lvrename(group, part, disk.name),',
      },
      {
        module: 'images/lvm/restore',
        find: 'activate(group, disk.name), lvremove(group, old), ],',
        replace: 'activate(group, disk.name), ],',
      },
    ],
  },
  {
    id: 'lvm-copy-back-not-finished',
    description: 'a thick disk is left half copied back from its snapshot',
    backend: 'lvm',
    profile: 'restart',
    patches: [
      {
        module: 'images/lvm/restore',
        find: 'await copyBack(place, session, disk, now);',
        replace: '',
      },
    ],
  },
  {
    id: 'lvm-restore-not-recovered',
    description:
      'a restore that was cut off between its two renames leaves the disk without its name',
    backend: 'lvm',
    profile: 'tools',
    patches: [
      {
        module: 'images/lvm/restore',
        find: 'const before = isGone ? [lvrename(group, part, name)] : [];',
        replace: 'const before = [];',
      },
    ],
  },
  {
    id: 'lvm-snapshots-outlive-disk',
    description: 'the snapshots of a disk stay when it is removed',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/destroy',
        find: 'for (const name of snapshots) {',
        replace: 'for (const name of []) {',
      },
    ],
  },
];

/** Tools and snapshots. */
import type { Mutant } from '../mutant.ts';

export const toolMutants: readonly Mutant[] = [
  {
    id: 'backing-opened',
    description:
      'a qcow2 disk is grown and repaired by its plain name, and the template opened with it',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'tools/qemu-img/argv',
        find: "image.format === 'qcow2' ? [nameOfAlone(image)] : ['-f', image.format, image.path]",
        replace: "['-f', image.format, image.path]",
      },
    ],
  },
  {
    id: 'exit-code-ignored',
    description: 'qemu-img is taken to have succeeded whatever it says',
    backend: 'qcow2',
    profile: 'tools',
    patches: [
      {
        module: 'operations/run-qemu-img',
        find: 'succeeds: hasQemuImgSucceeded,',
        replace: 'succeeds: () => true,',
      },
    ],
  },
  {
    id: 'restore-not-finished',
    description: 'a restore that was cut off is left half done',
    backend: 'qcow2',
    profile: 'tools',
    patches: [
      {
        module: 'images/qcow2/recover',
        find: "if (state === 'restored') {",
        replace: 'if (false) {',
      },
    ],
  },
  {
    id: 'leaks-not-repaired',
    description: 'clusters that an interrupted change left stay lost',
    backend: 'qcow2',
    patches: [
      {
        module: 'images/qcow2/recover',
        find: 'await repairLeaks(session, path, { hasOwnTables: true }); await filesystem.sync(path); const isCreate',
        replace: 'await filesystem.sync(path); const isCreate',
      },
    ],
  },
  {
    id: 'lost-table-not-restored',
    description: 'snapshots that qemu-img lost when a flush failed stay lost',
    backend: 'qcow2',
    profile: 'tools',
    patches: [
      {
        module: 'images/qcow2/recover',
        find: "await restoreLostTable(filesystem, path, String(intent['table']));",
        replace: '',
      },
    ],
  },
  {
    id: 'snapshot-by-name',
    description: 'a snapshot is brought back by its name, which qemu-img takes for an id first',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'images/qcow2/snapshots',
        find: "const wanted = action === 'apply' && id !== undefined ? id : name;",
        replace: 'const wanted = name;',
      },
    ],
  },
  {
    id: 'snapshot-twice',
    description: 'a second snapshot of the same name is taken',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'images/operations/snapshots',
        find: 'if (facts.snapshots.some((snapshot) => snapshot.name === name)) {',
        replace: 'if (false) {',
      },
    ],
  },
  {
    id: 'flatten-loses-snapshots',
    description: 'a flattened disk has its present state alone',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'images/qcow2/flatten',
        find: 'const states = [...facts.snapshots, undefined];',
        replace: 'const states = [undefined];',
      },
    ],
  },
  {
    id: 'orphans-adopted',
    description:
      'a new flat disk gets the snapshots of one of its name that somebody has removed by hand',
    backend: 'flat',
    profile: 'calm',
    patches: [
      {
        module: 'images/flat/flat-driver',
        find: 'await requireNoOrphans(host.filesystem, config, address);',
        replace: '',
      },
    ],
  },
  {
    id: 'snapshots-outlive-disk',
    description: 'the snapshots of a removed flat disk stay for the next one of its name',
    backend: 'flat',
    profile: 'calm',
    patches: [
      {
        module: 'images/files/destroy',
        find: 'await renameOnce(filesystem, snapshotsPath(directory, name), `${path}/${removedSnapshots}`);',
        replace: '',
      },
    ],
  },
  {
    id: 'snapshot-consumed',
    description: 'restoring a snapshot of a flat disk uses it up',
    backend: 'flat',
    profile: 'calm',
    patches: [
      {
        module: 'images/flat/snapshots',
        find: 'await reflink(session, source, `${session.workspace.path}/${restoredFile}`);',
        replace:
          'await session.host.filesystem.rename(source, `${session.workspace.path}/${restoredFile}`);',
      },
    ],
  },
  {
    id: 'copy-half-done',
    description: 'a copy that failed is taken for whole',
    backend: 'flat',
    profile: 'tools',
    patches: [
      {
        module: 'images/files/copy',
        find: 'classify: classifyCpFailure, signal: session.signal,',
        replace: 'classify: classifyCpFailure, signal: session.signal, succeeds: () => true,',
      },
    ],
  },
  {
    id: 'restore-done-anew',
    description:
      'a restore that was broken off is done anew, over what a machine has written since',
    backend: 'qcow2',
    profile: 'restart',
    patches: [
      {
        module: 'images/qcow2/recover',
        find: "if (state === 'restored') {",
        replace: 'if (state !== undefined) {',
      },
    ],
  },
  {
    id: 'flattened-over-writes',
    description:
      'a flattened copy takes the place of a disk that was written to since it was copied',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'images/files/replace',
        find: 'await watch?.requireSame(session);',
        replace: '',
      },
    ],
  },
];

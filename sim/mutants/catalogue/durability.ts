/** What is not synced, or comes in the wrong order. */
import type { Mutant } from '../mutant.ts';

export const durabilityMutants: readonly Mutant[] = [
  {
    id: 'content-not-synced',
    description: 'a file appears before its content is durable',
    backend: 'qcow2',
    profile: 'power',
    patches: [
      {
        module: 'workspace/publish',
        find: 'publication.isDirectory === true ? drafts : [finished, ...drafts]',
        replace: 'drafts',
      },
    ],
  },
  {
    id: 'appearance-not-synced',
    description: 'a create is acknowledged before the name of the disk is durable',
    backend: 'qcow2',
    profile: 'power',
    patches: [
      {
        module: 'workspace/publish',
        find: 'hasAppeared = true; await filesystem.syncDirectory(directory);',
        replace: 'hasAppeared = true;',
      },
    ],
  },
  {
    id: 'restore-not-synced',
    description: 'a restored disk takes its place before its content and its name are durable',
    backend: 'flat',
    profile: 'power',
    patches: [
      {
        module: 'images/files/replace',
        find: 'await filesystem.sync(prepared);',
        replace: '',
      },
      {
        module: 'images/files/replace',
        find: 'await syncNames(filesystem, instanceDirectory(config, facts.address.instance));',
        replace: '',
      },
    ],
  },
  {
    id: 'snapshot-not-synced',
    description: 'a snapshot of a flat disk is acknowledged before its name is durable',
    backend: 'flat',
    profile: 'power',
    patches: [
      {
        module: 'images/flat/snapshots',
        find: 'await syncNames(filesystem, snapshots, areaPath(directory));',
        replace: '',
      },
    ],
  },
  {
    id: 'intent-not-written',
    description: 'a disk is changed in place with nothing written down for who comes after a crash',
    backend: 'qcow2',
    patches: [
      {
        module: 'workspace/workspace',
        find: 'await filesystem.createText(`${workspace.path}/${intentFile}`, JSON.stringify(intent), { permissions: 0o600, });',
        replace: 'return;',
      },
    ],
  },
  {
    id: 'intent-outlives-its-change',
    description:
      'a change that is done and durable is still written down as begun, and repeated after a power cut',
    backend: 'qcow2',
    profile: 'power',
    patches: [
      {
        module: 'workspace/workspace',
        find: 'await removeIntent(filesystem, workspace); await afterwards(syncWorkspace(filesystem, workspace));',
        replace: '',
      },
    ],
  },
  {
    id: 'record-after-disk',
    description: 'the format of a disk is recorded only after it has appeared',
    backend: 'qcow2',
    profile: 'power',
    patches: [
      {
        module: 'workspace/publish',
        find: `if (record !== undefined) await placeRecord(filesystem, workspace);
          await alongside?.place();
          await syncRecord(filesystem, workspace);
          await appear(filesystem, publication, finished);`,
        replace: `await appear(filesystem, publication, finished);
          if (record !== undefined) await placeRecord(filesystem, workspace);
          await alongside?.place();
          await syncRecord(filesystem, workspace);`,
      },
    ],
  },
  {
    id: 'recovered-again',
    description:
      'what recovery has finished comes back with a power cut, and is done once more over what a machine wrote',
    backend: 'rbd',
    profile: 'restart',
    patches: [
      {
        module: 'operations/leftovers',
        find: 'if (intent !== undefined && !(await isTakenOver(filesystem, workspace))) { await abandonIntent(filesystem, workspace); }',
        replace: '',
      },
    ],
  },
  {
    id: 'adopted-not-synced',
    description: 'a template that Nova has put into the store is recorded, and is not durable',
    backend: 'qcow2',
    patches: [
      {
        module: 'templates/adopt',
        find: 'await host.filesystem.sync(path);',
        replace: '',
      },
    ],
  },
  {
    id: 'template-writable',
    description: 'templates can be written to by mistake',
    backend: 'qcow2',
    patches: [
      {
        module: 'templates/add',
        find: 'await filesystem.setPermissions(`${session.workspace.path}/${draft.file}`, 0o444);',
        replace: '',
      },
    ],
  },
  {
    id: 'snapshot-writable',
    description: 'snapshots of flat disks can be written to by mistake',
    backend: 'flat',
    patches: [
      {
        module: 'images/flat/snapshots',
        find: 'await filesystem.setPermissions(copy, 0o444);',
        replace: '',
      },
    ],
  },
  {
    id: 'disk-read-only',
    description: 'a disk has the permissions of what it was copied from',
    backend: 'flat',
    patches: [
      {
        module: 'images/flat/create',
        find: 'await session.host.filesystem.setPermissions(draftPath(session), 0o644);',
        replace: '',
      },
    ],
  },
  {
    id: 'resumed-after-power-cut',
    description: 'a download is continued behind what was not synced before the power was cut',
    backend: 'qcow2',
    profile: 'crash',
    patches: [
      {
        module: 'templates/partial-download',
        find: "intent?.['boot'] === boot",
        replace: 'true',
      },
    ],
  },
  {
    id: 'resumed-another-file',
    description: 'a download is continued with the rest of another version of the file',
    backend: 'qcow2',
    profile: 'disk',
    patches: [
      {
        module: 'ingress/download',
        find: 'return isSameValidator && (isSameTotal || !isTotalKnown);',
        replace: 'return true;',
      },
      {
        module: 'ingress/download',
        find: "return { ...always, range: `bytes=${position}-`, 'if-range': version.validator };",
        replace: 'return { ...always, range: `bytes=${position}-` };',
      },
    ],
  },
  {
    id: 'sync-tried-again',
    description: 'what a failed sync has dropped is taken for durable when the next one succeeds',
    backend: 'flat',
    profile: 'swarm',
    patches: [
      {
        module: 'workspace/publish',
        find: 'await filesystem.sync(...(publication.isDirectory === true ? drafts : [finished, ...drafts]));',
        replace: `const files = publication.isDirectory === true ? drafts : [finished, ...drafts];
            await filesystem.sync(...files).catch(() => filesystem.sync(...files));`,
      },
    ],
  },
];

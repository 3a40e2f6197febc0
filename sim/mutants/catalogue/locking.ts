/** Who may do what when: locks, leases, fences, undo. */
import type { Mutant } from '../mutant.ts';

export const lockingMutants: readonly Mutant[] = [
  {
    id: 'publish-over-existing',
    description: 'a disk, and its record, are published by renames that replace what is there',
    backend: 'qcow2',
    profile: 'pause',
    // The record alone would be guard enough: who comes second finds one, and makes no disk. So both guards go.
    patches: [
      {
        module: 'workspace/record',
        find: 'await renameOnce(filesystem, draftOf(workspace), path, isThere);',
        replace:
          'await filesystem.removeTree(path); await renameOnce(filesystem, draftOf(workspace), path, isThere);',
      },
      {
        module: 'workspace/publish',
        find: 'return linkOnce(filesystem, finished, target);',
        replace: 'return filesystem.rename(finished, target);',
      },
    ],
  },
  {
    id: 'no-fence',
    description:
      'who takes over a dead operation leaves its paths as they are, though it may only have slept',
    backend: 'qcow2',
    profile: 'nfs',
    // The removal of what was taken over would fence off its former owner as well, only later: so it is left as it is.
    patches: [
      {
        module: 'workspace/workspace',
        find: 'await renameOnce(filesystem, leftover.path, path); return { ...leftover, id, path };',
        replace: 'await filesystem.stat(leftover.path); return leftover;',
      },
      {
        module: 'operations/leftovers',
        find: 'await clearAway(filesystem, workspace); return outcome;',
        replace: `if (workspace === session.workspace || operation.name === 'recover')
            await filesystem.removeTree(workspace.path);
          else await filesystem.unlink(workspace.path + '/intent.json').catch(() => {});
          await tidy(filesystem, workspace.directory);
          return outcome;`,
      },
    ],
  },
  {
    id: 'undo-of-others',
    description: 'a failing create removes what stands at its name, whoever made it (D01, D02)',
    backend: 'qcow2',
    profile: 'pause',
    patches: [
      {
        module: 'workspace/publish',
        find: 'if (hasAppeared) { await renameOnce(',
        replace: '{ await renameOnce(',
      },
    ],
  },
  {
    id: 'format-not-taken-back',
    description:
      'the format of a disk that could not be made stays, for the file that stands there',
    backend: 'flat',
    patches: [{ module: 'workspace/publish', find: 'await alongside?.takeBack();', replace: '' }],
  },
  {
    id: 'unpublished-record-kept',
    description: 'the record of a disk that was never made tells of what somebody else puts there',
    backend: 'qcow2',
    profile: 'intrusion',
    patches: [
      {
        module: 'images/recover-unpublished',
        find: "if (state === 'unknown') return 'undone';",
        replace: "return 'undone';",
      },
    ],
  },
  {
    id: 'no-lease',
    description: 'a template can go while a disk is made of it (D05)',
    backend: 'qcow2',
    patches: [
      {
        module: 'workspace/lease',
        find: 'await createLease(filesystem, directory, path, JSON.stringify(holder));',
        replace: '',
      },
    ],
  },
  {
    id: 'users-not-counted',
    description: 'a template goes though images lean on it (D19)',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'templates/users',
        find: 'return all.flatMap((reference) => asUser(config, reference, target)).sort(byImage);',
        replace: 'return [];',
      },
    ],
  },
  {
    id: 'users-counted-once',
    description: 'who leans on a template is only looked at before its removal begins',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'templates/remove',
        find: 'await requireFree(); if (found.state',
        replace: 'if (found.state',
      },
    ],
  },
  {
    id: 'death-on-faith',
    description: 'processes on other hosts are taken for dead',
    backend: 'qcow2',
    patches: [
      {
        module: 'workspace/provably-gone',
        find: 'if (identity.boot !== self.boot || identity.namespace !== self.namespace) return false;',
        replace:
          'if (identity.boot !== self.boot || identity.namespace !== self.namespace) return true;',
      },
    ],
  },
  {
    id: 'leftovers-ignored',
    description: 'what an interrupted operation left is not dealt with (D07)',
    backend: 'qcow2',
    patches: [
      {
        module: 'operations/leftovers',
        find: 'const taken = await takeOver(filesystem, random, leftover);',
        replace: 'const taken = undefined;',
      },
    ],
  },
  {
    id: 'disk-in-use-ignored',
    description: 'a disk is replaced or removed while a machine has it open',
    backend: 'flat',
    profile: 'calm',
    patches: [
      {
        module: 'images/files/in-use',
        find: 'succeeds: ({ exitCode }) => exitCode === 0 || exitCode === nothingToCheck,',
        replace: 'succeeds: () => true,',
      },
    ],
  },
  {
    id: 'disk-info-without-lock',
    description: 'two disks of an instance write disk.info at once (D16)',
    backend: 'qcow2',
    profile: 'calm',
    patches: [
      {
        module: 'images/files/disk-info',
        find: 'const lock = await host.locks.acquire({ directory: locksDirectory(config), name: `disk-info~${instance}`, operation: `record the format of ${entry.path}`, waitMs: lockWaitMs, });',
        replace: 'const lock = { release: async () => {} };',
      },
    ],
  },
  {
    id: 'answer-lost',
    description: 'a link whose answer is lost and that is sent again is taken for a failure (NFS)',
    backend: 'qcow2',
    profile: 'nfs',
    patches: [
      {
        module: 'workspace/once',
        find: "if (!isHostError(error, 'EEXIST') && !isUnanswered(error)) throw error; if (!(await look(error, () => isSameFile(filesystem, source, target)))) throw error;",
        replace: 'throw error;',
      },
    ],
  },
  {
    id: 'answer-given-up',
    description: 'what a server has done and did not answer is taken for a failure (NFS, soft)',
    backend: 'flat',
    profile: 'nfs',
    patches: [
      {
        module: 'workspace/once',
        find: "return isHostError(error, 'EIO', 'ETIMEDOUT');",
        replace: 'return false;',
      },
    ],
  },
  {
    id: 'nova-overlooked',
    description: 'a template that Nova puts into the store while it is fetched is taken for none',
    backend: 'flat',
    patches: [
      {
        module: 'templates/templates',
        find: "if (winner?.state === 'foreign') return this.#bring(name, options);",
        replace: '',
      },
    ],
  },
  {
    id: 'template-record-left',
    description: 'the record of a template that could not be added tells of what Nova puts there',
    backend: 'qcow2',
    profile: 'intrusion',
    patches: [
      {
        module: 'templates/operation',
        find: "if (state === 'unpublished') await takeRecordBack(host.filesystem, leftover);",
        replace: '',
      },
    ],
  },
  {
    id: 'record-of-taken-kept',
    description:
      'the record of what a removal took away stays, where that was cut off, and tells of what somebody else puts there',
    backend: 'flat',
    profile: 'intrusion',
    patches: [
      {
        module: 'images/context',
        find: 'await forgetTakenImage(session, config, leftover, taken);',
        replace: '',
      },
    ],
  },
  {
    id: 'origin-forgotten',
    description:
      'who takes over what was taken over before does not know whose record is there: both died',
    backend: 'flat',
    profile: 'intrusion',
    patches: [
      {
        module: 'workspace/workspace',
        find: '`${id}${originId}`',
        replace: 'id',
      },
    ],
  },
  {
    id: 'format-of-taken-kept',
    description:
      'disk.info tells of a disk whose removal was cut off, and of what stands there then',
    backend: 'flat',
    profile: 'intrusion',
    patches: [
      {
        module: 'images/forget',
        find: 'if (recordId !== null) await forgetFormat(host, config, leftover);',
        replace: '',
      },
    ],
  },
];

/** Disks that are images of a Ceph cluster. */
import type { Mutant } from '../mutant.ts';

export const rbdMutants: readonly Mutant[] = [
  {
    id: 'rbd-draft-leaks',
    description: 'a create that fails leaves what it has made so far (D08)',
    backend: 'rbd',
    profile: 'tools',
    patches: [
      {
        module: 'images/rbd/drafts',
        find: 'for (const draft of drafts.toReversed()) await removeDraft(session, cluster, draft, id);',
        replace: '',
      },
    ],
  },
  {
    id: 'rbd-removal-by-prefix',
    description: 'with a disk goes every image whose name begins with that of its instance (D12)',
    backend: 'rbd',
    profile: 'calm',
    patches: [
      {
        module: 'images/rbd/destroy',
        find: 'await removeImage(session, cluster, removed, named?.stillToGo);',
        replace: `await removeImage(session, cluster, removed, named?.stillToGo);
          const instance = removed.slice(cluster.pool.length + '/_gone.'.length).split('_')[0];
          for (const name of await cluster.names(cluster.pool))
            if (name.startsWith(instance)) await removeImage(session, cluster, cluster.pool + '/' + name);`,
      },
    ],
  },
  {
    id: 'rbd-template-in-the-open',
    description: 'a template is brought into the cluster under its own name',
    backend: 'rbd',
    profile: 'tools',
    patches: [
      {
        module: 'images/rbd/template',
        find: 'const draft = templateDraft(cluster, base, workspace.id);',
        replace: 'const draft = templateSpec(cluster, base);',
      },
      {
        module: 'images/rbd/template',
        find: 'await publishTemplate(session, cluster, base, draft);',
        replace: '',
      },
    ],
  },
  {
    id: 'rbd-template-not-protected',
    description: 'the snapshot of a template is not protected',
    backend: 'rbd',
    profile: 'calm',
    patches: [
      {
        module: 'images/rbd/template',
        find: 'await protect(session, cluster, snapshot);',
        replace: '',
      },
    ],
  },
  {
    id: 'rbd-clone-of-unprotected',
    description: 'a snapshot is cloned without being protected',
    backend: 'rbd',
    profile: 'calm',
    patches: [
      {
        module: 'images/rbd/create-content',
        find: 'await firstEffect(session, () => protect(session, cluster, source));',
        replace: '',
      },
    ],
  },
  {
    id: 'rbd-not-unprotected',
    description: 'a protected snapshot is removed as if it were not',
    backend: 'rbd',
    profile: 'calm',
    patches: [
      {
        module: 'images/rbd/remove',
        find: 'if (isProtected) await unprotect(session, cluster, snapshot);',
        replace: '',
      },
    ],
  },
  {
    id: 'rbd-half-unprotected',
    description: 'a snapshot that is listed as free and half protected cannot be removed any more',
    backend: 'rbd',
    profile: 'tools',
    patches: [
      {
        module: 'images/rbd/remove',
        find: "if (isProtected || !PlatterError.is(error) || error.code !== 'IN_USE') throw error;",
        replace: 'throw error;',
      },
    ],
  },
  {
    id: 'rbd-users-not-counted',
    description: 'a template goes though clones in the cluster lean on it',
    backend: 'rbd',
    profile: 'calm',
    patches: [
      {
        module: 'images/rbd/template',
        find: 'const clones = await cluster.children(templateSnapshotSpec(cluster, template));',
        replace: 'const clones = [];',
      },
    ],
  },
  {
    id: 'rbd-growth-forgotten',
    description: 'a clone is as large as what it is made of, whatever was asked for (D08)',
    backend: 'rbd',
    profile: 'calm',
    patches: [
      {
        module: 'images/rbd/create-content',
        find: 'if (sizeBytes <= baseBytes) return [];',
        replace: 'return [];',
      },
    ],
  },
  {
    id: 'rbd-shrink-allowed',
    description: 'a resize to less than the disk has goes through',
    backend: 'rbd',
    profile: 'calm',
    patches: [
      {
        module: 'images/operations/resize',
        find: 'if (sizeBytes < current) throw cannotShrink(image, current, asked);',
        replace: '',
      },
      {
        module: 'tools/rbd/argv',
        find: "return rbd(client, 'resize', '--no-progress', spec, '--size', bytes(sizeBytes));",
        replace:
          "return rbd(client, 'resize', '--no-progress', spec, '--size', bytes(sizeBytes), '--allow-shrink');",
      },
    ],
  },
  {
    id: 'rbd-away-taken-for-absent',
    description: 'in a cluster that does not answer there is no image (rbd ends with 2 for both)',
    backend: 'rbd',
    profile: 'tools',
    patches: [
      {
        module: 'tools/rbd/errors',
        find: "Connection timed out|^timed out/m, 'UNREACHABLE'],",
        replace: "Connection timed out|^timed out/m, 'NOT_FOUND'],",
      },
    ],
  },
  {
    id: 'rbd-restore-not-finished',
    description: 'a rollback that was cut off is left half done',
    backend: 'rbd',
    profile: 'tools',
    patches: [
      {
        module: 'images/rbd/change',
        find: 'if (snapshot === undefined) return false;',
        replace: 'return snapshot !== undefined;',
      },
    ],
  },
  {
    id: 'rbd-timeout-is-success',
    description: 'a command that was not waited for any longer is taken to have succeeded',
    backend: 'rbd',
    profile: 'tools',
    patches: [
      {
        module: 'operations/perform',
        find: "if (outcome === 'finished' && PlatterError.is(failure) && failure.code === 'TIMED_OUT') {",
        replace: "if (PlatterError.is(failure) && failure.code === 'TIMED_OUT') {",
      },
    ],
  },
  {
    id: 'rbd-intent-not-durable',
    description: 'what is begun in the cluster is not known any more after a power cut of the host',
    backend: 'rbd',
    profile: 'crash',
    patches: [
      {
        module: 'images/rbd/in-place',
        find: 'await host.filesystem.syncDirectory(directory, parentOf(directory));',
        replace: '',
      },
    ],
  },
  {
    id: 'rbd-removal-not-finished',
    description: 'an image whose removal was cut off stays, without its name',
    backend: 'rbd',
    profile: 'crash',
    patches: [
      {
        module: 'images/rbd/destroy',
        find: "await removeListed(session, cluster, removal); return 'finished';",
        replace: "return 'finished';",
      },
    ],
  },
  {
    id: 'rbd-half-renamed',
    description:
      'an image that has both its names, for its rename was killed, is taken for a draft',
    backend: 'rbd',
    profile: 'tools',
    patches: [
      {
        module: 'images/rbd/drafts',
        find: 'return drafted !== undefined && drafted.id === (await cluster.info(published))?.id;',
        replace: 'return false;',
      },
    ],
  },
  {
    id: 'rbd-rename-on-faith',
    description: 'a rename that ends with status 0 is taken to have given the name',
    backend: 'rbd',
    profile: 'calm',
    patches: [
      {
        module: 'tools/rbd/errors',
        find: 'return exitCode === 0 && !/RenameRequest: (?:image already exists|warning: )/.test(stderr);',
        replace: 'return exitCode === 0;',
      },
    ],
  },
  {
    id: 'rbd-warning-decides',
    description: 'what rbd warns of at every run is taken for the reason of a failure',
    backend: 'rbd',
    profile: 'calm',
    patches: [
      {
        module: 'tools/rbd/errors',
        find: "const text = stderr.replace(notice, '');",
        replace: 'const text = stderr;',
      },
    ],
  },
  {
    id: 'rbd-record-of-anothers-disk',
    description: 'the disk of another host is taken for the own one whose undoing was cut off',
    backend: 'rbd',
    profile: 'nfs',
    patches: [
      {
        module: 'images/rbd/drafts',
        find: 'return drafts[0] === undefined ? undefined : imageIds[drafts[0]];',
        replace: 'return drafts[0] === undefined ? undefined : found[drafts[0]];',
      },
    ],
  },
  {
    id: 'rbd-removal-of-used',
    description:
      'whoever carries a removal on does not look whether a machine was started in between',
    backend: 'rbd',
    profile: 'restart',
    patches: [
      {
        module: 'images/rbd/destroy',
        find: '() => requireUnused(session, cluster, removed, image, busyMs);',
        replace: '() => Promise.resolve();',
      },
    ],
  },
];

/** Seeded bugs in what RBD has to do with an image service. */
import type { Mutant } from '../mutant.ts';

export const rbdSharingMutants: readonly Mutant[] = [
  {
    id: 'direct-not-flattened',
    description: 'an image that is made of a disk for a service leans on a snapshot of that disk',
    backend: 'rbd',
    patches: [
      {
        module: 'images/rbd/direct-snapshot',
        find: `await orAlready(/image has no parent/, () => cluster.copy(session, rbdFlatten(client, draft), {
          action: 'flatten the clone',
          bytes: virtualSizeBytes,
        }));`,
        replace: '',
      },
    ],
  },
  {
    id: 'direct-not-recorded',
    description: 'nobody can tell what a direct snapshot that was cut off has made',
    backend: 'rbd',
    profile: 'crash',
    patches: [
      {
        module: 'images/rbd/direct-snapshot',
        find: 'intent = await begin(session, { operation, image, snapshot, draft, target });',
        replace: '',
      },
    ],
  },
  {
    id: 'direct-snapshot-left',
    description: 'the snapshot of the disk by which an image was made stays where that was cut off',
    backend: 'rbd',
    profile: 'tools',
    patches: [
      {
        module: 'images/rbd/direct-snapshot',
        find: 'await removeSnapshot(session, cluster, image, own);',
        replace: '',
      },
    ],
  },
  {
    id: 'direct-not-protected',
    description: 'an image that is made of a disk for a service cannot be cloned',
    backend: 'rbd',
    patches: [
      {
        module: 'images/rbd/direct-snapshot',
        find: 'await protect(session, cluster, shared);',
        replace: '',
      },
    ],
  },
  {
    id: 'shared-image-trusted',
    description: 'an image of a service is taken for what it is declared to be, unseen',
    backend: 'rbd',
    patches: [
      {
        module: 'images/rbd/location',
        find: 'await passGate(session.host, config, file, diskFormat);',
        replace: '',
      },
    ],
  },
  {
    id: 'rbd-former-removed-first',
    description: 'a disk whose place a file is to take is removed before the file has its name',
    backend: 'rbd',
    profile: 'crash',
    patches: [
      {
        module: 'images/rbd/replace',
        find: 'await takeAway(session, cluster, { removal, name, intent, otherwise });',
        replace:
          'await takeAway(session, cluster, { removal, name, intent, otherwise }); await removeTaken(session, cluster, removal);',
      },
    ],
  },
];

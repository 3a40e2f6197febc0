/** Disks of ploop: directories with a descriptor. */
import type { Mutant } from '../mutant.ts';

export const ploopMutants: readonly Mutant[] = [
  {
    id: 'ploop-names-lost',
    description: 'whoever brings a snapshot back loses the names of all: ploop does not keep them',
    backend: 'ploop',
    profile: 'calm',
    patches: [
      {
        module: 'images/ploop/snapshots',
        find: '...withNotes(made, before), sizeBytes: snapshot.sizeBytes,',
        replace: '...made, sizeBytes: snapshot.sizeBytes,',
      },
    ],
  },
  {
    id: 'ploop-size-not-restored',
    description: 'a disk that has grown keeps its size when an older snapshot is brought back',
    backend: 'ploop',
    profile: 'calm',
    patches: [
      {
        module: 'images/ploop/snapshots',
        find: '...withNotes(made, before), sizeBytes: snapshot.sizeBytes,',
        replace: '...withNotes(made, before),',
      },
    ],
  },
  {
    id: 'ploop-publish-not-synced',
    description: 'a disk appears before its image is durable',
    backend: 'ploop',
    profile: 'power',
    patches: [
      {
        module: 'images/ploop/create',
        find: 'await filesystem.sync(basePath(session));',
        replace: '',
      },
    ],
  },
  {
    id: 'ploop-made-in-the-open',
    description: 'a disk is made in its place, and half of it taken for whole',
    backend: 'ploop',
    profile: 'crash',
    // Described when it is made, and filled then; its record comes last.
    patches: [
      {
        module: 'images/ploop/create',
        find: 'const draftPath = ({ workspace }) => `${workspace.path}/${draft}`;',
        replace: 'const draftPath = ({ workspace }) => `${workspace.directory}/${workspace.name}`;',
      },
      {
        module: 'images/ploop/create',
        find: 'await makeOwnDirectory(session.host.filesystem, draftPath(session));',
        replace: `await makeOwnDirectory(session.host.filesystem, draftPath(session));
          await session.host.filesystem.createText(
            descriptorPath(draftPath(session)),
            await formatDescriptor(newDescriptor(8 * 1024 * 1024)),
          );`,
      },
      {
        module: 'images/ploop/create',
        find: 'await filesystem.createText(descriptorPath(draftPath(session)), await formatDescriptor(newDescriptor(sizeBytes)));',
        replace: `await filesystem.removeTree(descriptorPath(draftPath(session)));
          await filesystem.createText(
            descriptorPath(draftPath(session)),
            await formatDescriptor(newDescriptor(sizeBytes)),
          );`,
      },
    ],
  },
  {
    id: 'ploop-descriptor-in-place',
    description: 'the descriptor of a disk is written over, and torn by whoever dies meanwhile',
    backend: 'ploop',
    profile: 'crash',
    patches: [
      {
        module: 'images/ploop/change',
        find: 'await renameOnce(filesystem, draft, descriptorPath(disk), isThere);',
        replace: `await filesystem.removeTree(descriptorPath(disk));
          await renameOnce(filesystem, draft, descriptorPath(disk), isThere);`,
      },
    ],
  },
  {
    id: 'ploop-descriptor-first',
    description: 'a descriptor names images before they are there',
    backend: 'ploop',
    profile: 'calm',
    patches: [
      {
        module: 'images/ploop/change',
        find: 'for (const { file } of made.images) { await filesystem.sync(`${bench}/${file}`); await linkOnce(filesystem, `${bench}/${file}`, `${disk}/${file}`); } await filesystem.syncDirectory(disk);',
        replace: '',
      },
      {
        module: 'images/ploop/change',
        find: 'await sweep(filesystem, workspace, disk, made); }',
        replace: `for (const { file } of made.images) {
            await filesystem.sync(\`\${bench}/\${file}\`);
            await linkOnce(filesystem, \`\${bench}/\${file}\`, \`\${disk}/\${file}\`);
          }
          await sweep(filesystem, workspace, disk, made); }`,
      },
    ],
  },
  {
    id: 'ploop-names-not-synced',
    description: 'the descriptor may be durable before the names of the images that it names',
    backend: 'ploop',
    profile: 'power',
    patches: [
      {
        module: 'images/ploop/change',
        find: 'await linkOnce(filesystem, `${bench}/${file}`, `${disk}/${file}`); } await filesystem.syncDirectory(disk);',
        replace: 'await linkOnce(filesystem, `${bench}/${file}`, `${disk}/${file}`); }',
      },
      {
        module: 'images/ploop/change',
        find: 'await renameOnce(filesystem, draft, descriptorPath(disk), isThere); await filesystem.syncDirectory(disk);',
        replace: 'await renameOnce(filesystem, draft, descriptorPath(disk), isThere);',
      },
    ],
  },
  {
    id: 'ploop-merge-not-finished',
    description: 'a snapshot that is merged in part is left as if it were whole',
    backend: 'ploop',
    profile: 'tools',
    patches: [
      {
        module: 'images/ploop/change',
        find: 'await carryOut(session, leftover, disk, deletion(guid));',
        replace: 'return "undone";',
      },
    ],
  },
];

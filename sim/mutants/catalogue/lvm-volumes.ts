/** Logical volumes that come and go: disks, templates, and what is not platter's. */
import type { Mutant } from '../mutant.ts';

export const lvmVolumeMutants: readonly Mutant[] = [
  {
    id: 'lvm-undo-of-others',
    description: "a create that fails removes what has the disk's name, whoever made it (D01)",
    backend: 'lvm',
    profile: 'calm',
    // It would not come so far, if it did not also pass over the volume that is there when it looks.
    patches: [
      {
        module: 'images/lvm/lvm-driver',
        find: 'if (existing === undefined) requireFreeName(state, address);',
        replace: '',
      },
      {
        module: 'images/lvm/recover',
        find: 'const disk = volumeNamed(await readGroup(place, session.host), name);',
        replace: `const there = await readGroup(place, session.host);
          const disk = volumeNamed(there, name);
          if (disk !== undefined && tagOf(disk, 'made') !== id)
            await removeVolume(place, session, leftover, {
              volume: disk, group: there, clearing: place.config.lvm.volumeClear,
            });`,
      },
    ],
  },
  {
    id: 'lvm-orphans-adopted',
    description:
      'a new disk gets the thin snapshots of one of its name that somebody has removed by hand',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/lvm-driver',
        find: 'requireNoOrphans(state, address);',
        replace: '',
      },
    ],
  },
  {
    id: 'lvm-foreign-taken',
    description: "a volume of somebody else that has a disk's name is taken for the disk",
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/names',
        find: 'return isForeign(volume) && novaInstance.test(address.instance);',
        replace: 'return true;',
      },
    ],
  },
  {
    id: 'lvm-undo-masks',
    description: 'an undo that fails is told instead of what failed first (D02)',
    backend: 'lvm',
    profile: 'swarm',
    patches: [
      {
        module: 'operations/perform',
        find: 'throw leftTo(withoutOutcome(explained), undo);',
        replace: 'throw toPlatterError(undoError, operation.name);',
      },
    ],
  },
  {
    id: 'lvm-not-cleared',
    description: 'a thick volume is removed with all that is in it (B079)',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/content',
        find: "if (clearing === 'none') return;",
        replace: 'if (clearing !== undefined) return;',
      },
    ],
  },
  {
    id: 'lvm-clearing-fails-open',
    description: 'a volume that cannot be cleared is removed all the same',
    backend: 'lvm',
    profile: 'tools',
    patches: [
      {
        module: 'images/lvm/content',
        find: "await run(running, shred(device, { passes, endsWithZeros, sizeBytes }), 'clear the volume');",
        replace:
          "await run(running, shred(device, { passes, endsWithZeros, sizeBytes }), 'clear the volume').catch(() => {});",
      },
    ],
  },
  {
    id: 'lvm-not-zeroed',
    description: 'a new thick volume shows what was on its space behind the content',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/fill',
        find: 'if (!isZero) await writeZeros(session, device, { fromBytes, toBytes: order.sizeBytes });',
        replace: '',
      },
    ],
  },
  {
    id: 'lvm-not-activated',
    description: 'a thin snapshot is not active by itself, and nobody activates the new disk',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/create',
        find: 'activate(group, name), lvs(group),',
        replace: 'lvs(group),',
      },
    ],
  },
  {
    id: 'lvm-template-in-the-open',
    description: 'a template is imported under its own name, and half of it taken for whole',
    backend: 'lvm',
    profile: 'tools',
    // Whoever finds it would not take it while it can be written to: that guard goes too.
    patches: [
      {
        module: 'images/lvm/template-volume',
        find: 'const part = `${privateName(workspace.id)}-template`;',
        replace: 'const part = templateVolumeName(base.sha256, pool);',
      },
      {
        module: 'images/lvm/template-volume',
        find: 'deactivate(name, part), lvrename(name, part, target),',
        replace: 'deactivate(name, part),',
      },
      {
        module: 'images/lvm/template-volume',
        find: 'volume.isReadOnly &&',
        replace: '',
      },
    ],
  },
  {
    id: 'lvm-template-writable',
    description: 'the volume of a template can be written to',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/template-volume',
        find: "setPermission(name, part, 'r'),",
        replace: '',
      },
      {
        module: 'images/lvm/template-volume',
        find: 'volume.isReadOnly &&',
        replace: '',
      },
    ],
  },
  {
    id: 'lvm-import-left-over',
    description: 'half an import of a template is never removed (D07)',
    backend: 'lvm',
    profile: 'tools',
    patches: [
      {
        module: 'images/lvm/recover',
        find: 'for (const name of [privateName(id), `${privateName(id)}-template`]) {',
        replace: 'for (const name of [privateName(id)]) {',
      },
    ],
  },
  {
    id: 'lvm-removed-while-open',
    description: 'a disk is taken away while a machine has it open',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/destroy',
        find: '...[disk, ...inPool].map(({ name }) => deactivate(group, name)),',
        replace: '...inPool.map(({ name }) => deactivate(group, name)),',
      },
    ],
  },
  {
    id: 'map-by-its-node',
    description: 'an encrypted disk counts as mapped where its map has a node',
    backend: 'lvm',
    profile: 'tools',
    patches: [
      {
        module: 'images/lvm/crypt',
        find: 'const found = await look(dmsetupDeps(map));',
        replace: `const hasNode = await exists(host.filesystem, mapPath(volume));
        if (hasNode || map !== '') return hasNode ? 'mapped' : 'none';
        const found = await look(dmsetupDeps(map));`,
      },
    ],
  },
  {
    id: 'key-in-argv',
    description: 'the key of an encrypted disk is handed to cryptsetup by a shell line',
    backend: 'lvm',
    profile: 'calm',
    patches: [
      {
        module: 'images/lvm/crypt',
        find: `await runTool(host.executor, cryptsetupCreate(map, device, key), {
          ...optionsOf(place, 'map the encrypted disk', classifyCryptsetupFailure),
          input: await secretOf(place, key.id),
        });`,
        replace: `const { file, args } = cryptsetupCreate(map, device, key);
        const line = \`echo -n \${await secretOf(place, key.id)} | \${file} \${args.join(' ')}\`;
        await runTool(host.executor, { file: 'sh', args: ['-c', line] },
          optionsOf(place, 'map the encrypted disk', classifyCryptsetupFailure));`,
      },
    ],
  },
  {
    id: 'key-in-error',
    description: 'what a tool was given on its standard input is told with its failure',
    backend: 'lvm',
    profile: 'tools',
    patches: [
      {
        module: 'tools/run',
        find: 'throw toolError(command, result, action, classify);',
        replace:
          'throw toolError(command, { ...result, stderr: result.stderr + (options.input ?? "") }, action, classify);',
      },
    ],
  },
  {
    id: 'group-room-not-checked',
    description: 'that a volume group has no room is found out when something is made already',
    backend: 'lvm',
    patches: [
      {
        module: 'images/lvm/place',
        find: 'if (neededBytes <= freeBytes) return;',
        replace: 'if (neededBytes <= freeBytes || freeBytes > 0) return;',
      },
    ],
  },
];

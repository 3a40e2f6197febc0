/**
 * Which faults are possible at a site: those that the profiles know for it, or for its like. Sweeps try all of them, where
 * soaks draw some; a site that no profile lists is taken for its like.
 */
import type { SimBackend } from '../scenarios/scenario.ts';
import { anyTool, type CallFault } from './fault.ts';
import { deviceSteps, fatalSteps, lvmSteps } from './lvm-steps.ts';
import { profileByName } from './profiles.ts';

interface Group {
  readonly sites: readonly string[];
  readonly kinds: readonly CallFault[];
}

const groups = profileByName('swarm')?.callFaults ?? [];
const ofVolumes: readonly Group[] = [
  { sites: lvmSteps, kinds: ['EIO', 'tool killed', 'tool hangs'] },
  { sites: deviceSteps, kinds: ['EIO', 'ENOSPC', 'tool killed'] },
];

/** Calls that no profile lists. */
const like: readonly (readonly [RegExp, string])[] = [
  [/^filesystem\.removeDirectory$/, 'filesystem.unlink'],
  [
    /^filesystem\.(setPermissions|copyPermissions|touch|allocate|punchHole|open write)$/,
    'filesystem.truncate',
  ],
  [/^file\.(truncate|cloneTo)$/, 'file.write'],
  [/^(filesystem\.(readBytes|space|supportsDirectIo)|file\.stat)$/, 'filesystem.stat'],
  [/^file\.sync$/, 'filesystem.sync'],
];

export function callFaultsAt(site: string, backend: SimBackend): readonly CallFault[] {
  if (fatalSteps.has(site)) return [];
  const [, alike = site] = like.find(([pattern]) => pattern.test(site)) ?? [];
  const known = withStuck(kindsOf(backend, (listed) => listed === alike));
  if (known.length > 0 || !site.includes(': ')) return known;
  const family = familyOf(site);
  const kinds = kindsOf(backend, (listed) => familyOf(listed) === family);
  if (kinds.length === 0) return ['EIO', 'tool killed'];
  // Copies of a whole image have no limit in time, so that none of their steps may hang but those that are listed.
  return withStuck(family === 'rbd' ? kinds.filter((kind) => kind !== 'tool hangs') : kinds);
}

/** What has a limit in time can be killed in vain, too. */
function withStuck(kinds: readonly CallFault[]): readonly CallFault[] {
  return kinds.includes('tool hangs') ? [...kinds, 'tool stuck'] : kinds;
}

/** `qemu-img create` of `qemu-img create: create file`. */
function familyOf(site: string): string {
  return site.includes(': ') ? site.slice(0, site.indexOf(': ')) : '';
}

function kindsOf(backend: SimBackend, isIt: (site: string) => boolean): readonly CallFault[] {
  const applying: readonly Group[] = [
    ...(backend === 'lvm' ? ofVolumes.filter(({ sites }) => sites.some(isIt)) : []),
    ...groups.filter((group) => group.backend === undefined || group.backend === backend),
  ];
  // On LVM, tools that work on devices are not those of files, though they have the same names.
  const [first] = applying;
  const ofDevices = backend === 'lvm' && first !== undefined && ofVolumes.includes(first);
  const chosen = ofDevices ? [first] : applying.filter(({ sites }) => sites.some(isIt));
  return [...new Set(chosen.flatMap(({ kinds }) => kinds))];
}

/** Sites that the profiles know for a backend, whether or not anything ever comes there. */
export function listedSites(backend: SimBackend): readonly string[] {
  const applying: readonly Group[] =
    backend === 'lvm'
      ? [...ofVolumes, ...groups]
      : groups.filter((group) => group.backend === undefined || group.backend === backend);
  return [...new Set(applying.flatMap(({ sites }) => sites))].filter((site) => site !== anyTool);
}

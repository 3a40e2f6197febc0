/** Draws a scenario from a seed. */
import { drawFaults } from '../faults/draw.ts';
import type { Profile } from '../faults/profiles.ts';
import { webTemplateBytes } from './contents.ts';
import { drawCluster } from './cluster.ts';
import { drawEncryption } from './encryption.ts';
import { withLongNames } from './long-names.ts';
import { drawVolumeGroup } from './volume-group.ts';
import { Prng } from '../schedule/prng.ts';
import {
  canRemoveByHand,
  hasDiskFiles,
  sharesImages,
  type Scenario,
  type ScheduleSpec,
  type SimBackend,
  type TemplateSpec,
} from './scenario.ts';
import { withOwnConfig } from './own-config.ts';
import { withWipes } from './twists.ts';
import { drawWorkload } from './workload.ts';

const MiB = 2 ** 20;

export function generateScenario(seed: number, backend: SimBackend, profile: Profile): Scenario {
  const prng = new Prng(seed, `workload ${backend} ${profile.name}`);
  const machines = drawMachines(prng, backend, profile);
  const isShared = machines > 1 || prng.pick(profile.isShared);
  const templates = withDownloads(new Prng(seed, 'web'), drawTemplates(prng, backend));
  const encryption = drawEncrypted(new Prng(seed, 'encryption'), backend);
  const cluster = backend === 'rbd' ? drawCluster(seed, machines) : undefined;
  const isApart = cluster?.isAllThatIsShared === true;
  const hasFiles = hasDiskFiles(backend);
  const ground = {
    machines,
    templates,
    isApart,
    hasFiles,
    canRemoveByHand: canRemoveByHand(backend),
    sharesImages: sharesImages(backend),
    only: profile.only,
  };
  const workload = drawWorkload(seed, prng, ground);
  const clients = withOwnConfig(
    new Prng(seed, 'own config'),
    withWipes(new Prng(seed, 'wipe'), workload.clients),
    backend,
  );
  const named = { ...workload, clients, ...encryption };
  const toolsWarn = new Prng(seed, 'warnings').oneIn(5);
  return {
    backend,
    machines: Array.from({ length: machines }, () => ({
      drift: prng.oneIn(4) ? 1 + (prng.below(200) - 100) / 1e6 : 1,
      offsetMs: prng.oneIn(6) ? prng.pick([-30_000, 2000, 20_000]) : 0,
      ...(toolsWarn ? { toolsWarn } : {}),
    })),
    volume: {
      capacityBytes: prng.oneIn(8) ? 40 * MiB : 2 ** 44,
      hasReflinks: !prng.oneIn(3),
      persistence: prng.pick(profile.persistence),
      isShared,
      lies: profile.lies,
      ...(profile.cachesNames ? { cachesNames: true } : {}),
    },
    ...(backend === 'lvm' ? { group: drawVolumeGroup(new Prng(seed, 'volume group')) } : {}),
    ...(cluster === undefined ? {} : { cluster }),
    config: {
      preallocateImages: prng.oneIn(6) ? 'space' : 'none',
      forceRawImages: prng.pick([undefined, undefined, true, backend === 'rbd']),
      maxConcurrentDiskOps: prng.oneIn(5) ? 1 : 0,
    },
    templates,
    ...(backend === 'lvm' ? withLongNames(new Prng(seed, 'long names'), named) : named),
    faults: drawFaults(new Prng(seed, `faults ${profile.name}`), profile, {
      machines,
      clients: workload.clients,
      backend,
      isEncrypted: encryption.encryption !== undefined,
    }),
    states: drawStates(new Prng(seed, 'states')),
    schedule: drawSchedule(new Prng(seed, 'policy'), seed, isApart),
    ...(losesPower(new Prng(seed, 'end'), profile) ? { losesPowerAtEnd: true } : {}),
    closing: new Prng(seed, 'closing').oneIn(3) ? 'thorough' : 'recover',
  };
}

function losesPower(prng: Prng, { hostFaults, only }: Profile): boolean {
  return hostFaults.includes('cut power') && (only === 'restarts' || prng.oneIn(3));
}

/** One run on LVM in three. */
function drawEncrypted(prng: Prng, backend: SimBackend): Pick<Scenario, 'encryption'> {
  return backend === 'lvm' && prng.oneIn(3) ? { encryption: drawEncryption(prng) } : {};
}

/** Several hosts share a directory; a single one may have its own, and lose it with its power. */
function drawMachines(prng: Prng, backend: SimBackend, { isShared }: Profile): number {
  if (backend === 'lvm' || !isShared.includes(true)) return 1;
  if (!isShared.includes(false)) return prng.oneIn(4) ? 1 : 2 + prng.below(2);
  return prng.oneIn(2) ? 1 : 1 + prng.below(3);
}

function drawTemplates(prng: Prng, backend: SimBackend): readonly TemplateSpec[] {
  return ['t1', 't2'].slice(0, 1 + prng.below(2)).map((name, index) => {
    const format =
      backend === 'flat' && !prng.oneIn(3) ? 'raw' : prng.pick(['raw', 'qcow2'] as const);
    return {
      name,
      format,
      sizeBytes: prng.pick([8 * MiB, 16 * MiB, 1024 * MiB]),
      pattern: 100 + index,
      fetchMs: prng.pick([0, 2000, 20_000]),
      hostile: format === 'qcow2' && prng.oneIn(8),
    };
  });
}

/** In one run in four the first is fetched from a web server. */
function withDownloads(prng: Prng, templates: readonly TemplateSpec[]): readonly TemplateSpec[] {
  const [first, ...others] = templates;
  if (first === undefined || first.hostile || !prng.oneIn(4)) return templates;
  const served = { ...first, format: 'raw', sizeBytes: webTemplateBytes, isOnWeb: true } as const;
  return [prng.oneIn(2) ? { ...served, ignoresIfRange: true } : served, ...others];
}

/** Which subsets of files survive: mostly all or nothing at random, sometimes everything; few changes are lost, or many. */
function drawStates(prng: Prng): readonly number[] {
  if (prng.oneIn(4)) return [];
  const bound = prng.pick([4, 4, 30]);
  return Array.from({ length: 40 }, () => prng.below(bound));
}

/** Nothing holds hosts up that share no directory: they take turns at every step, mostly. */
function drawSchedule(prng: Prng, seed: number, isApart: boolean): ScheduleSpec {
  if (isApart && !prng.oneIn(3)) return { kind: 'random', seed, odds: prng.pick([1, 1, 2, 4]) };
  if (prng.oneIn(2))
    return { kind: 'pct', seed, depth: 2 + prng.below(2), steps: prng.pick([30, 100, 200, 600]) };
  return { kind: 'random', seed, odds: prng.pick([2, 4, 10, 30]) };
}

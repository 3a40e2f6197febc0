/** Draws a scenario from a seed. */
import { drawFaults, type Profile } from '../faults/profiles.ts';
import { drawCluster } from './cluster.ts';
import { drawEncryption } from './encryption.ts';
import { drawVolumeGroup } from './volume-group.ts';
import { Prng } from '../schedule/prng.ts';
import type {
  ClientSpec,
  OperationKind,
  OperationSpec,
  Scenario,
  ScheduleSpec,
  SimBackend,
  TemplateSpec,
} from './scenario.ts';

const MiB = 2 ** 20;

export function generateScenario(seed: number, backend: SimBackend, profile: Profile): Scenario {
  const prng = new Prng(seed, `workload ${backend} ${profile.name}`);
  const machines = drawMachines(prng, backend, profile);
  const isShared = machines > 1 || prng.pick(profile.isShared);
  const templates = drawTemplates(prng, backend);
  const encryption = drawEncrypted(new Prng(seed, 'encryption'), backend);
  return {
    backend,
    machines: Array.from({ length: machines }, () => ({
      drift: prng.oneIn(4) ? 1 + (prng.below(200) - 100) / 1e6 : 1,
      offsetMs: prng.oneIn(6) ? prng.pick([-30_000, 2000, 20_000]) : 0,
    })),
    volume: {
      capacityBytes: prng.oneIn(8) ? 40 * MiB : 2 ** 44,
      hasReflinks: !prng.oneIn(3),
      persistence: prng.pick(profile.persistence),
      isShared,
      lies: profile.lies,
    },
    ...(backend === 'lvm' ? { group: drawVolumeGroup(new Prng(seed, 'volume group')) } : {}),
    ...encryption,
    ...(backend === 'rbd' ? { cluster: drawCluster(new Prng(seed, 'cluster')) } : {}),
    config: {
      preallocateImages: prng.oneIn(6) ? 'space' : 'none',
      forceRawImages: prng.pick([undefined, undefined, true, backend === 'rbd']),
      maxConcurrentDiskOps: prng.oneIn(5) ? 1 : 0,
    },
    templates,
    clients: drawHostile(new Prng(seed, 'hostile'), drawClients(prng, machines, templates)),
    faults: drawFaults(new Prng(seed, `faults ${profile.name}`), profile, {
      machines,
      backend,
      isEncrypted: encryption.encryption !== undefined,
    }),
    states: drawStates(new Prng(seed, 'states')),
    schedule: drawSchedule(new Prng(seed, 'policy'), seed),
    closing: new Prng(seed, 'closing').oneIn(3) ? 'thorough' : 'recover',
  };
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

/** Which subsets of files survive: mostly all or nothing at random, sometimes everything. */
function drawStates(prng: Prng): readonly number[] {
  return prng.oneIn(4) ? [] : Array.from({ length: 40 }, () => prng.below(4));
}

function drawSchedule(prng: Prng, seed: number): ScheduleSpec {
  if (prng.oneIn(3)) return { kind: 'pct', seed, depth: 2 + prng.below(2) };
  return { kind: 'random', seed, odds: prng.pick([2, 4, 10, 30]) };
}

/** What a run works on: where everybody wants the same disk, or disks of one instance, they get in each other's way. */
const neighbourhoods = [
  ['vm1/disk', 'vm1/disk', 'vm2/disk', 'vm1/disk.eph0'],
  ['vm1/disk', 'vm1/disk', 'vm2/disk', 'vm1/disk.eph0'],
  ['vm1/disk'],
  ['vm1/disk', 'vm1/disk.eph0', 'vm1/disk.swap'],
] as const;

type Images = readonly string[];

// One is named as qemu-img numbers them.
const snapshots = ['s1', 's1', 's2', '1'];
const sizes = [undefined, 8 * MiB, 16 * MiB, 32 * MiB, 64 * MiB, 1024 * MiB, 20 * MiB + 1];

/** How often each kind comes, before a run draws its own subset. */
const weights: Readonly<Record<OperationKind, number>> = {
  cache: 10,
  'create blank': 2,
  'create generated': 1,
  import: 1,
  resize: 5,
  'create snapshot': 5,
  'restore snapshot': 4,
  'delete snapshot': 2,
  flatten: 2,
  clone: 2,
  export: 1,
  destroy: 4,
  show: 1,
  list: 1,
  'guest write': 4,
  'add template': 2,
  'delete template': 2,
  'verify template': 1,
  recover: 1,
};

function drawClients(
  prng: Prng,
  machines: number,
  templates: readonly TemplateSpec[],
): readonly ClientSpec[] {
  const clients = 1 + prng.below(3);
  const total = 4 + prng.below(5);
  const kinds = drawKinds(prng);
  const images = prng.pick<Images>(neighbourhoods);
  const scripts: OperationSpec[][] = Array.from({ length: clients }, () => []);
  let drawn = 0;
  for (let index = 0; drawn < total; index += 1) {
    // Whoever begins mostly makes a disk, so that there is something to work on.
    const kind = index < clients && !prng.oneIn(4) ? 'cache' : prng.pick(kinds);
    const story = drawStory(prng, drawOperation(prng, kind, { templates, images }));
    scripts[index % clients]?.push(...story);
    drawn += story.length;
  }
  return scripts.map((operations, index) => ({ machine: index % machines, operations }));
}

/** Some of what comes from outside is hostile. */
function drawHostile(prng: Prng, clients: readonly ClientSpec[]): readonly ClientSpec[] {
  return clients.map((client) => ({
    ...client,
    operations: client.operations.map((spec) => {
      const isFromOutside = spec.kind === 'import' || spec.kind === 'create generated';
      return isFromOutside && prng.oneIn(3) ? { ...spec, isHostile: true } : spec;
    }),
  }));
}

/** Many kinds, or only a few: those then meet each other more often. */
function drawKinds(prng: Prng): readonly OperationKind[] {
  if (prng.oneIn(4)) {
    const all = Object.keys(weights) as OperationKind[];
    return ['cache', prng.pick(all), prng.pick(all)];
  }
  const kinds: OperationKind[] = [];
  for (const [kind, weight] of Object.entries(weights) as [OperationKind, number][]) {
    const share = prng.oneIn(3) ? 0 : weight * (1 + prng.below(3));
    for (let index = 0; index < share; index += 1) kinds.push(kind);
  }
  return kinds.length === 0 ? ['cache'] : kinds;
}

/** What makes sense only after something else often has that before it. */
function drawStory(prng: Prng, last: OperationSpec): readonly OperationSpec[] {
  // There is hardly ever a snapshot to bring back by chance.
  if (last.kind !== 'restore snapshot' && !prng.oneIn(2)) return [last];
  const { subject, other = '' } = last;
  const write = { kind: 'guest write', subject, pattern: 600 + prng.below(200) } as const;
  switch (last.kind) {
    case 'restore snapshot':
      return restoreStory(prng, last, write);
    case 'delete snapshot':
      return [{ kind: 'create snapshot', subject, other }, last];
    case 'clone': {
      const [origin = '', snapshot = ''] = other.split('@');
      return [{ kind: 'create snapshot', subject: origin, other: snapshot }, last];
    }
    case 'delete template':
      return [{ kind: 'add template', subject }, last];
    case 'flatten':
    case 'export':
      return [write, last];
    default:
      return [last];
  }
}

/** A snapshot, sometimes behind an older one, is brought back once or twice after the disk has changed, or grown. */
function restoreStory(
  prng: Prng,
  last: OperationSpec,
  write: OperationSpec,
): readonly OperationSpec[] {
  const { subject } = last;
  const taken = { kind: 'create snapshot', subject, other: last.other ?? '' } as const;
  const older = { ...taken, other: prng.pick(snapshots) };
  const grown = { kind: 'resize', subject, sizeBytes: 64 * MiB } as const;
  return [
    ...(prng.oneIn(3) ? [older, write] : []),
    taken,
    prng.oneIn(4) ? grown : { ...write, pattern: 600 + prng.below(200) },
    last,
    ...(prng.oneIn(4) ? [last] : []),
  ];
}

function drawOperation(
  prng: Prng,
  kind: OperationKind,
  { templates, images }: { templates: readonly TemplateSpec[]; images: Images },
): OperationSpec {
  const template = prng.pick(templates).name;
  const spec: OperationSpec = {
    kind,
    subject: kind.endsWith(' template') ? template : prng.pick(images),
    ...(prng.oneIn(3) ? { afterMs: prng.pick([10, 1000, 8000]) } : {}),
    ...(prng.oneIn(2) ? { isRetried: true } : {}),
    ...(prng.oneIn(12) ? { cancelAfterMs: prng.pick([1, 30, 1500]) } : {}),
  };
  const sizeBytes = prng.pick(sizes);
  const sized = sizeBytes === undefined ? {} : { sizeBytes };
  switch (kind) {
    case 'cache':
      return { ...spec, ...sized, other: template };
    case 'create blank':
    case 'resize':
      return { ...spec, sizeBytes: sizeBytes ?? 24 * MiB };
    case 'create generated':
    case 'import':
      return { ...spec, ...sized, pattern: 200 + prng.below(50) };
    case 'create snapshot':
    case 'restore snapshot':
    case 'delete snapshot':
      return { ...spec, other: prng.pick(snapshots) };
    case 'clone':
      return {
        ...spec,
        ...sized,
        // Mostly not over what it comes from.
        subject: prng.oneIn(3) ? spec.subject : 'vm2/disk',
        other: `${prng.pick(images)}@${prng.pick(snapshots)}`,
      };
    case 'export':
      return { ...spec, ...(prng.oneIn(2) ? { other: prng.pick(snapshots) } : {}) };
    case 'guest write':
      return { ...spec, pattern: 300 + prng.below(200) };
    default:
      return spec;
  }
}

/**
 * Profiles: which kinds of trouble a run may meet. Each says whether the engine promises to survive it; those that do not
 * are negative controls, which must fail.
 */
import type { PersistenceProfile } from '../volume/power-cut.ts';
import type { SpecialWork } from '../scenarios/ground.ts';
import type { SimBackend } from '../scenarios/scenario.ts';
import { anyTool, endings, hostFaults, type CallFault, type HostFault } from './fault.ts';

export interface Profile {
  readonly name: string;
  readonly description: string;
  readonly promisesSurvival: boolean;
  readonly persistence: readonly PersistenceProfile[];
  readonly isShared: readonly boolean[];
  readonly lies: boolean;
  readonly cachesNames: boolean;
  /** What every run does that few do otherwise; by default each draws what it does. */
  readonly only?: SpecialWork;
  /** Swarm: each run draws its own subset of these, with its own weights. */
  readonly hostFaults: readonly HostFault[];
  readonly callFaults: readonly SiteFaults[];
}

/** What can go wrong at which calls. */
export interface SiteFaults {
  /** Only with images of this technology. Default: any. */
  readonly backend?: SimBackend;
  readonly sites: readonly string[];
  readonly kinds: readonly CallFault[];
  /** How often a host comes there at most, before it is not worth waiting for. Default is 12. */
  readonly visits?: number;
}

const changes = [
  'filesystem.createText',
  'filesystem.makeDirectory',
  'filesystem.rename',
  'filesystem.link',
  'filesystem.unlink',
  'filesystem.truncate',
  'filesystem.clone',
  'filesystem.removeTree',
  'filesystem.open create',
  'file.write',
];

const reads = [
  'filesystem.stat',
  'filesystem.readDirectory',
  'filesystem.readText',
  'filesystem.readTexts',
  'filesystem.open read',
  'file.read',
];

const syncs = ['filesystem.sync', 'filesystem.syncDirectory'];

/** On files; other backends have steps of their own for them. */
export const toolSteps: readonly string[] = [
  'qemu-img create: open target',
  'qemu-img create: write header',
  'qemu-img create: flush',
  'qemu-img convert: open target',
  'qemu-img convert: copy second half',
  'qemu-img resize: write size',
  'qemu-img resize: flush',
  'qemu-img snapshot: free tail',
  'qemu-img snapshot: write reference counts',
  'qemu-img snapshot: write copied flags',
  'qemu-img snapshot: write L1 table',
  'qemu-img snapshot: write snapshot table',
  'qemu-img snapshot: flush header',
  'qemu-img snapshot: give clusters back',
  'qemu-img snapshot: write size',
  'qemu-img info: open image',
  'qemu-img check: write reference counts',
  'cp: copy second half',
];

/** Connections break. */
const web: readonly SiteFaults[] = [{ sites: ['http.get', 'http.read'], kinds: ['EIO'] }];

const disk: readonly SiteFaults[] = [
  { sites: changes, kinds: ['EIO', 'ENOSPC', 'EDQUOT', 'EACCES'] },
  { sites: reads, kinds: ['EIO', 'EMFILE'] },
  { sites: syncs, kinds: ['EIO', 'ENOSPC'] },
];

const tools: readonly SiteFaults[] = [
  { sites: toolSteps, kinds: ['EIO', 'ENOSPC', 'tool killed', 'tool hangs'] },
  { sites: [anyTool], kinds: ['tool stuck'], visits: 30 },
  { sites: ['executor.run'], kinds: ['cannot fork', 'tool missing', ...endings] },
];

const clusterSteps = [
  'connect',
  'open image',
  'create name',
  'create header',
  'write second half',
  'attach parent',
  'attach child',
  'write size',
  'update directory',
  'remove name',
  'create snapshot',
  'remove snapshot',
  'protect snapshot',
  'unprotect snapshot',
  'begin to unprotect',
  'roll back second half',
  'detach child',
  'detach parent',
  'add to trash',
  'remove header',
  'close image',
].map((step) => `rbd: ${step}`);

/** Of commands that are bounded: what copies data takes as long as it takes. */
const boundedSteps = [
  'update directory',
  'remove name',
  'attach parent',
  'write size',
  'create snapshot',
  'remove snapshot',
  'protect snapshot',
  'unprotect snapshot',
  'add to trash',
].map((step) => `rbd: ${step}`);

const clusters: readonly SiteFaults[] = [
  { backend: 'rbd', sites: boundedSteps, kinds: ['tool hangs'] },
  {
    backend: 'rbd',
    sites: clusterSteps,
    kinds: ['EIO', 'tool killed', 'lost reply'],
  },
  { backend: 'rbd', sites: clusterSteps, kinds: ['cluster away', 'cluster full', 'lost reply'] },
];

const namings = [
  'filesystem.makeDirectory',
  'filesystem.removeDirectory',
  'filesystem.rename',
  'filesystem.link',
  'filesystem.unlink',
];

const otherChanges = [
  ...changes.filter((site) => !namings.includes(site)),
  'filesystem.setPermissions',
  'filesystem.copyPermissions',
  'filesystem.touch',
  'filesystem.allocate',
  'filesystem.punchHole',
  'file.truncate',
  'file.cloneTo',
];

const repeated: readonly SiteFaults[] = [
  { sites: namings, kinds: ['retransmitted', 'lost reply', 'server away'] },
  { sites: otherChanges, kinds: ['lost reply', 'server away'] },
  { sites: reads, kinds: ['ESTALE'] },
];

function define(name: string, description: string, rest: Partial<Profile>): Profile {
  return {
    name,
    description,
    promisesSurvival: true,
    persistence: ['strict', 'posix-min'],
    isShared: [true, false],
    lies: false,
    cachesNames: false,
    hostFaults: [],
    callFaults: [],
    ...rest,
  };
}

export const profiles: readonly Profile[] = [
  define('calm', 'nothing goes wrong', {}),
  define('crash', 'processes are killed, hosts lose power', {
    hostFaults: ['kill process', 'cut power'],
  }),
  define('power', 'a host with a directory of its own loses power again and again', {
    hostFaults: ['cut power'],
    isShared: [false],
  }),
  define('pause', 'hosts stand still, clocks drift and jump, locks are lost, or removed by hand', {
    hostFaults: ['pause', 'jump clock', 'kill process', 'remove locks'],
    isShared: [true],
  }),
  define('disk', 'calls fail: input and output, space, permissions, connections', {
    callFaults: [...disk, ...web],
  }),
  define('tools', 'tools fail, are killed, hang, or are missing', {
    callFaults: [...tools, ...clusters],
  }),
  define('nfs', 'answers are lost, changes repeated or told as failures, handles become stale', {
    callFaults: repeated,
    isShared: [true],
    hostFaults: ['kill process', 'pause'],
  }),
  define('swarm', 'any of it at once', {
    hostFaults,
    callFaults: [...disk, ...web, ...tools, ...clusters, ...repeated],
  }),
  define('restart', 'machines are started on disks whose change is under way, or was cut off', {
    only: 'restarts',
    hostFaults: ['kill process', 'cut power'],
    callFaults: [...tools, ...clusters],
  }),
  define('intrusion', 'somebody else puts files where disks and templates are made or removed', {
    only: 'intrusions',
    hostFaults: ['kill process'],
    callFaults: [...disk, ...tools],
  }),
  define('lying-disk', 'syncs do nothing: a negative control', {
    promisesSurvival: false,
    lies: true,
    isShared: [false],
    persistence: ['posix-min'],
    hostFaults: ['cut power'],
  }),
  define('cached-names', 'hosts trust names that others have changed (NFS): a negative control', {
    promisesSurvival: false,
    cachesNames: true,
    isShared: [true],
    hostFaults: ['pause', 'kill process'],
  }),
];

export function profileByName(name: string): Profile | undefined {
  return profiles.find((known) => known.name === name);
}

/** `all` are those that promise survival, with work of all kinds. Empty when there is none of that name. */
export function profilesNamed(name: string): readonly Profile[] {
  if (name === 'all')
    return profiles.filter((one) => one.promisesSurvival && one.only === undefined);
  return profiles.filter((known) => known.name === name);
}

/**
 * Draws the faults of a run. One in three strikes anywhere; the others are aimed at an operation that the run is going to
 * do, and at what comes right after it: there is little time between two steps that matter, and most of a run is not there.
 */
import type { Prng } from '../schedule/prng.ts';
import type { ClientSpec, OperationKind, SimBackend } from '../scenarios/scenario.ts';
import { anyTool, type CallFault, type Fault, type HostFault } from './fault.ts';
import { cryptSteps, deviceSteps, lvmSteps } from './lvm-steps.ts';
import { ploopSteps } from './ploop-steps.ts';
import { toolSteps, type Profile, type SiteFaults } from './profiles.ts';

const stepsExpected = 250;
/** Where an operation ends, and where the next one begins: what was said to be done must be, from here on. */
const betweenOperations = ['locks.remove', 'locks.look'] as const;
const operationsExpected = 16;

interface Setting {
  readonly machines: number;
  readonly clients: readonly ClientSpec[];
  /** What decides which tools there are. */
  readonly backend: SimBackend;
  readonly isEncrypted: boolean;
}

/** Where, and since when, a fault strikes. */
interface Aim {
  readonly host: number;
  readonly since?: OperationKind;
}

/** One run in six has no faults at all: it has to succeed completely. */
export function drawFaults(prng: Prng, profile: Profile, setting: Setting): readonly Fault[] {
  if (prng.oneIn(6)) return [];
  const hostFaults = profile.hostFaults.filter(() => !prng.oneIn(3));
  const callFaults = profile.callFaults
    .filter((group) => group.backend === undefined || group.backend === setting.backend)
    .filter(() => !prng.oneIn(3));
  const faults: Fault[] = [];
  const count = prng.below(4) + (hostFaults.length + callFaults.length > 0 ? 1 : 0);
  for (let index = 0; index < count; index += 1) {
    const aim = prng.oneIn(3) ? { host: prng.below(setting.machines) } : drawAim(prng, setting);
    const takesHost = callFaults.length === 0 || (hostFaults.length > 0 && prng.oneIn(2));
    const fault = takesHost
      ? drawHostFault(prng, hostFaults, aim)
      : drawCallFault(prng, callFaults, aim, setting);
    if (fault === undefined) continue;
    faults.push(fault);
    if (isDeath(fault) && prng.oneIn(2)) faults.push(drawAnother(prng, fault));
  }
  return faults;
}

function isDeath({ kind }: Pick<Fault, 'kind'>): boolean {
  return kind === 'kill process' || kind === 'cut power';
}

/**
 * What was recovered after a power cut may be as it was before with the next; and who recovers what a process has left when
 * it died may die as well.
 */
function drawAnother(prng: Prng, fault: Fault): Fault {
  const within = fault.site === '*' ? prng.pick([3, 30, 150]) : 3;
  return { ...fault, nth: fault.nth + 1 + prng.below(within) };
}

/** What no tool is run for, and no name is changed by. */
const harmless: ReadonlySet<OperationKind> = new Set([
  'show',
  'list',
  'verify template',
  'guest write',
]);

/** At something that a client does, on its host: at what is done once as often as at what is done again and again. */
function drawAim(prng: Prng, { machines, clients }: Setting): Aim {
  const { machine, operations } = prng.pick(clients);
  const kinds = new Set(operations.map(({ kind }) => kind).filter((kind) => !harmless.has(kind)));
  const host = machine % machines;
  return kinds.size === 0 ? { host } : { host, since: prng.pick([...kinds]) };
}

function drawHostFault(prng: Prng, kinds: readonly HostFault[], aim: Aim): Fault | undefined {
  if (kinds.length === 0) return undefined;
  const kind = prng.pick(kinds);
  if (kind === 'pause' && prng.oneIn(3)) return drawSleep(prng, aim);
  const fault = { ...drawMoment(prng, kind, aim), kind };
  if (kind === 'pause') return { ...fault, amount: prng.pick([100, 4000, 20_000, 60_000]) };
  if (kind === 'jump clock') {
    return { ...fault, amount: prng.pick([-3_600_000, -20_000, 20_000, 3_600_000]) };
  }
  // Half of the deaths come when the call has begun.
  return isDeath(fault) && prng.oneIn(2) ? { ...fault, amount: 1 + prng.below(3) } : fault;
}

function drawMoment(prng: Prng, kind: HostFault, aim: Aim): Omit<Fault, 'kind'> {
  if (prng.oneIn(kind === 'cut power' ? 2 : 4)) {
    const nth = 1 + prng.below(aim.since === undefined ? operationsExpected : 4);
    return { ...aim, site: prng.pick(betweenOperations), nth };
  }
  const steps = aim.since === undefined ? stepsExpected : prng.pick([15, 50]);
  return { ...aim, site: '*', nth: 1 + prng.below(steps) };
}

/** Where an operation has begun and is not done: who sleeps here for long wakes up overtaken. */
const sleepers = [
  'locks.write record',
  'filesystem.makeDirectory',
  'filesystem.link',
  'filesystem.rename',
  'executor.run',
] as const;

function drawSleep(prng: Prng, aim: Aim): Fault {
  const amount = prng.pick([20_000, 60_000]);
  const nth = 1 + prng.below(aim.since === undefined ? 8 : 4);
  return { ...aim, site: prng.pick(sleepers), nth, kind: 'pause', amount };
}

const anywhere: readonly CallFault[] = ['tool killed', 'EIO'];

function drawCallFault(
  prng: Prng,
  groups: readonly SiteFaults[],
  aim: Aim,
  setting: Setting,
): Fault {
  const strikesTools = groups.some(({ kinds }) => kinds.includes('tool killed'));
  if (strikesTools && aim.since !== undefined && prng.oneIn(2)) {
    const nth = 1 + prng.below(prng.pick([10, 30]));
    return { ...aim, site: anyTool, nth, kind: prng.pick(anywhere) };
  }
  const { sites, kinds, visits } = of(prng.pick(groups), setting, prng);
  // Steps that few operations have come once or twice in a run.
  const most = aim.since === undefined ? (visits ?? prng.pick([1, 3, 12])) : 3;
  const site = prng.pick(sites);
  const nth = 1 + prng.below(most);
  const kind = prng.pick(kinds);
  return { ...aim, site, nth, kind, ...drawAmount(prng, kind) };
}

function drawAmount(prng: Prng, kind: CallFault): Pick<Fault, 'amount'> {
  if (kind === 'server away') return { amount: 1 + prng.below(prng.pick([2, 8])) };
  return kind === 'tool stuck' ? { amount: prng.pick([5000, 60_000, 200_000]) } : {};
}

/** The steps of tools are those of the backend's own. */
function of(group: SiteFaults, { backend, isEncrypted }: Setting, prng: Prng): SiteFaults {
  if (group.sites !== toolSteps) return group;
  if (backend === 'ploop' && !prng.oneIn(3)) {
    return { sites: ploopSteps, kinds: ['EIO', 'ENOSPC', 'tool killed'], visits: 3 };
  }
  if (backend !== 'lvm') return group;
  if (isEncrypted && prng.oneIn(2)) {
    return { sites: cryptSteps, kinds: ['EIO', 'tool killed', 'tool hangs'], visits: 4 };
  }
  if (prng.oneIn(2)) return { sites: lvmSteps, kinds: ['EIO', 'tool killed', 'tool hangs'] };
  return { sites: deviceSteps, kinds: ['EIO', 'ENOSPC', 'tool killed'] };
}

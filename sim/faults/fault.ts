/**
 * Faults as data: what goes wrong, where, and the how-manieth time a host comes there. Keys are names and counts, not
 * positions in a run, so that a fault still strikes the same thing when other calls come or go.
 */
import type { OperationKind } from '../scenarios/scenario.ts';
import { fatalSteps } from './lvm-steps.ts';

/**
 * Half of what it prints is lost; or it ends by a signal; or it does not end, where it has a time limit; or it prints more
 * than is taken.
 */
export const endings = [
  'garbled output',
  'killed when done',
  'hangs when done',
  'prints too much',
] as const;

/** What can go wrong with one call or one step of a tool. */
export const callFaults = [
  // The call fails with this errno and has no effect.
  'EIO',
  'ENOSPC',
  'EDQUOT',
  'EACCES',
  'EROFS',
  'EMFILE',
  'ESTALE',
  // It takes effect, but its answer is lost and it is sent again: so it fails as its repetition does (NFS).
  'retransmitted',
  // The tool cannot be started.
  'tool missing',
  'cannot fork',
  // It strikes a tool when that has done its work.
  ...endings,
  // The tool ends by a signal before this step.
  'tool killed',
  // The tool goes no further, until somebody kills it.
  'tool hangs',
  // Nothing interrupts this step of a tool (state D): for `amount` milliseconds it cannot even be killed.
  'tool stuck',
  // What a server or a cluster was asked for is done, and who asked hears that it failed: EIO, or that it timed out.
  'lost reply',
  // The same, and the server hears nothing of the next `amount` calls either.
  'server away',
  // From this step of a tool on a cluster does not answer for a while; or its writes wait for space.
  'cluster away',
  'cluster full',
  // Succeeds without its effect being complete: not in any promise, for negative controls.
  'lies',
] as const;

export type CallFault = (typeof callFaults)[number];

/** What can happen to a host at one of its steps. */
export const hostFaults = [
  /** The process dies; tools that it has started go on. */
  'kill process',
  /** Power is cut on this host; what it served or had in memory is lost as the profile allows. */
  'cut power',
  /** The host stands still for `amount` milliseconds. */
  'pause',
  /** The wall clock jumps by `amount` milliseconds. */
  'jump clock',
  /** Somebody removes all locks by hand, as one who takes them for left over does. */
  'remove locks',
] as const;

export type HostFault = (typeof hostFaults)[number];

export type FaultKind = CallFault | HostFault;

export interface Fault {
  /** Number of the host. */
  readonly host: number;
  /**
   * Name of the call (`filesystem.sync`) or of the tool's step (`qemu-img create: header`); `*` is any step of anything,
   * `tool *` any step of a tool.
   */
  readonly site: string;
  /** From 1: the how-manieth time that the host comes there. */
  readonly nth: number;
  readonly kind: FaultKind;
  /** Counted only since the host first began an operation of this kind: aimed at that, and at what comes right after. */
  readonly since?: OperationKind;
  /** Milliseconds, or how far a call of several parts gets before the process dies. */
  readonly amount?: number;
}

const hostFaultSet: ReadonlySet<string> = new Set(hostFaults);

export function isHostFault(kind: FaultKind): kind is HostFault {
  return hostFaultSet.has(kind);
}

/** The faults of one run, and how often each site has been reached. */
export class FaultPlan {
  readonly #hosts = new Map<number, HostPlan>();
  /** Those that have struck, and where. */
  readonly struck = new Map<Fault, string>();
  isOver = false;

  constructor(faults: readonly Fault[]) {
    for (const fault of faults) {
      const plan = this.#hosts.get(fault.host) ?? {
        counting: [new Map()],
        waiting: new Map(),
        unheard: 0,
      };
      this.#hosts.set(fault.host, plan);
      add(sitesOf(plan, fault.since), fault);
    }
  }

  /** A host begins an operation: what is aimed at that counts from here on. */
  begin(host: number, kind: OperationKind): void {
    const plan = this.#hosts.get(host);
    const aimed = plan?.waiting.get(kind);
    if (this.isOver || plan === undefined || aimed === undefined) return;
    plan.waiting.delete(kind);
    plan.counting.push(aimed);
  }

  /** The fault that strikes now, if one does. Counts the visit. */
  visit(host: number, site: string, isTool: boolean): Fault | undefined {
    if (this.isOver) return undefined;
    const plan = this.#hosts.get(host);
    if (plan === undefined) return undefined;
    if (plan.unheard > 0 && asksServer.test(site)) {
      plan.unheard -= 1;
      return { host, site, nth: 1, kind: 'EIO' };
    }
    const isAnyTool = isTool && !fatalSteps.has(site);
    for (const sites of plan.counting) {
      const fault =
        strike(sites.get('*')) ??
        (isAnyTool ? strike(sites.get(anyTool)) : undefined) ??
        strike(sites.get(site));
      if (fault === undefined) continue;
      this.struck.set(fault, site);
      if (fault.kind === 'server away') plan.unheard = fault.amount ?? 1;
      return fault;
    }
    return undefined;
  }
}

export const anyTool = 'tool *';

const asksServer = /^file(?:system)?\./;

interface HostPlan {
  /** By site; those that are aimed at an operation only once that has begun. */
  readonly counting: Map<string, SitePlan>[];
  readonly waiting: Map<OperationKind, Map<string, SitePlan>>;
  /** Of how many calls the server is not going to hear. */
  unheard: number;
}

interface SitePlan {
  visits: number;
  readonly faults: Fault[];
}

function strike(plan: SitePlan | undefined): Fault | undefined {
  if (plan === undefined) return undefined;
  plan.visits += 1;
  return plan.faults.find(({ nth }) => nth === plan.visits);
}

function sitesOf({ counting, waiting }: HostPlan, since: OperationKind | undefined) {
  const [always = new Map<string, SitePlan>()] = counting;
  if (since === undefined) return always;
  const aimed = waiting.get(since) ?? new Map<string, SitePlan>();
  waiting.set(since, aimed);
  return aimed;
}

function add(sites: Map<string, SitePlan>, fault: Fault): void {
  const known = sites.get(fault.site);
  if (known === undefined) sites.set(fault.site, { visits: 0, faults: [fault] });
  else known.faults.push(fault);
}

/**
 * Faults as data: what goes wrong, where, and the how-manieth time a host comes there. Keys are names and counts, not
 * positions in a run, so that a fault still strikes the same thing when other calls come or go.
 */

/** What can go wrong with one call or one step of a tool. */
export type CallFault =
  /** The call fails with this errno and has no effect. */
  | 'EIO'
  | 'ENOSPC'
  | 'EDQUOT'
  | 'EACCES'
  | 'EROFS'
  | 'EMFILE'
  | 'ESTALE'
  /** It takes effect, but its answer is lost and it is sent again: so it fails as its repetition does (NFS). */
  | 'retransmitted'
  /** The tool cannot be started. */
  | 'tool missing'
  | 'cannot fork'
  /** The tool ends by a signal before this step. */
  | 'tool killed'
  /** The tool goes no further, until somebody kills it. */
  | 'tool hangs'
  /** A request to a cluster is done, and its sender hears that it timed out. */
  | 'lost reply'
  /** From this step of a tool on a cluster does not answer for a while; or its writes wait for space. */
  | 'cluster away'
  | 'cluster full'
  /** Succeeds without its effect being complete: not in any promise, for negative controls. */
  | 'lies';

/** What can happen to a host at one of its steps. */
export type HostFault =
  /** The process dies; tools that it has started go on. */
  | 'kill process'
  /** Power is cut on this host; what it served or had in memory is lost as the profile allows. */
  | 'cut power'
  /** The host stands still for `amount` milliseconds. */
  | 'pause'
  /** The wall clock jumps by `amount` milliseconds. */
  | 'jump clock';

export type FaultKind = CallFault | HostFault;

export interface Fault {
  /** Number of the host. */
  readonly host: number;
  /** Name of the call (`filesystem.sync`) or of the tool's step (`qemu-img create: header`); `*` is any step. */
  readonly site: string;
  /** From 1: the how-manieth time that the host comes there. */
  readonly nth: number;
  readonly kind: FaultKind;
  /** Milliseconds, or how far a call of several parts gets before the process dies. */
  readonly amount?: number;
}

const hostFaults: ReadonlySet<string> = new Set<HostFault>([
  'kill process',
  'cut power',
  'pause',
  'jump clock',
]);

export function isHostFault(kind: FaultKind): kind is HostFault {
  return hostFaults.has(kind);
}

/** The faults of one run, and how often each site has been reached. */
export class FaultPlan {
  readonly #bySite = new Map<string, Fault[]>();
  readonly #counts = new Map<string, number>();
  /** Those that have struck. */
  readonly struck: Fault[] = [];
  isOver = false;

  constructor(faults: readonly Fault[]) {
    for (const fault of faults) {
      const key = keyOf(fault.host, fault.site);
      const known = this.#bySite.get(key);
      if (known === undefined) this.#bySite.set(key, [fault]);
      else known.push(fault);
    }
  }

  get isEmpty(): boolean {
    return this.#bySite.size === 0;
  }

  /** The fault that strikes now, if one does. Counts the visit. */
  visit(host: number, site: string): Fault | undefined {
    if (this.#bySite.size === 0 || this.isOver) return undefined;
    return this.#strike(host, '*') ?? this.#strike(host, site);
  }

  #strike(host: number, site: string): Fault | undefined {
    const key = keyOf(host, site);
    const faults = this.#bySite.get(key);
    if (faults === undefined) return undefined;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    const fault = faults.find(({ nth }) => nth === count);
    if (fault !== undefined) this.struck.push(fault);
    return fault;
  }
}

function keyOf(host: number, site: string): string {
  return `${host} ${site}`;
}

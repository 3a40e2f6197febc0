/** What a soak has seen: which steps were reached, which faults struck where, which operations ended how, in how many states. */
import type { Fault } from '../faults/fault.ts';
import type { Model } from '../model/model.ts';
import type { Invariant } from '../model/invariant.ts';
import type { OperationRun } from '../model/operation-run.ts';
import type { SimProcess } from '../process.ts';
import { hashText } from '../schedule/prng.ts';
import type { Observer } from '../observer.ts';

/** Plain data, so that workers can send it. */
export interface CoverageData {
  /** Site to how often it was reached. */
  readonly sites: Map<string, number>;
  /** `site × fault` to how often it struck. */
  readonly faults: Map<string, number>;
  /** `operation: outcome` to how often. */
  readonly operations: Map<string, number>;
  /** Hashes of abstract states. */
  readonly states: Set<number>;
}

export class Coverage implements Observer {
  readonly data: CoverageData = {
    sites: new Map(),
    faults: new Map(),
    operations: new Map(),
    states: new Set(),
  };
  #site = '';

  /** Looks at states whenever an operation has ended, and never objects. */
  readonly asInvariant: Invariant = {
    id: 'coverage',
    description: 'looks on',
    onDone: (model, run) => this.#settled(model, run, 'done'),
    onFailed: (model, run) => this.#settled(model, run, run.error?.code ?? 'failed'),
  };

  onStep(_: SimProcess, name: string): void {
    this.#site = name;
    count(this.data.sites, name);
  }

  onFault({ kind }: Fault): void {
    count(this.data.faults, `${this.#site} × ${kind}`);
  }

  #settled(model: Model, { spec }: OperationRun, outcome: string): undefined {
    count(this.data.operations, `${spec.kind}: ${outcome}`);
    this.data.states.add(hashText(`${spec.kind} ${outcome} ${abstractState(model)}`));
  }
}

/** Coarse enough that runs meet in it: what kinds of disks there are, not which bytes are in them. */
function abstractState(model: Model): string {
  const disks = [...model.disks].map(([address, view]) => {
    const { content, snapshots } = view;
    if (content.kind === 'raw') return `${address} raw ${snapshots.size}`;
    const backing = content.backing === undefined ? 'alone' : 'leans';
    return `${address} ${content.kind} ${backing} ${content.snapshots.length} ${content.damage}`;
  });
  const { templates, unsettled, openByGuests, fetching } = model;
  const counts = [templates.size, unsettled.size, openByGuests.size, fetching.size];
  return `${disks.sort().join(',')} ${counts.join(' ')}`;
}

function count(counts: Map<string, number>, key: string, by = 1): void {
  counts.set(key, (counts.get(key) ?? 0) + by);
}

export function emptyCoverage(): CoverageData {
  return { sites: new Map(), faults: new Map(), operations: new Map(), states: new Set() };
}

export function addCoverage(sum: CoverageData, more: CoverageData): void {
  for (const key of ['sites', 'faults', 'operations'] as const) {
    for (const [name, times] of more[key]) count(sum[key], name, times);
  }
  for (const state of more.states) sum.states.add(state);
}

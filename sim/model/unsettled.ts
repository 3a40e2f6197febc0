/** Images of which an operation was broken off and not recovered yet. */
import type { OperationRun } from './operation-run.ts';
import { changesImages } from './touched.ts';

export class Unsettled {
  /** By address: how many operations had begun when it was left, and on which host. */
  readonly #left = new Map<string, { readonly begun: number; readonly machine: number }>();
  /** Whether the hosts share nothing but a cluster. */
  readonly #isApart: boolean;

  constructor(isApart: boolean) {
    this.#isApart = isApart;
  }

  get size(): number {
    return this.#left.size;
  }

  has(address: string): boolean {
    return this.#left.has(address);
  }

  addresses(): readonly string[] {
    return [...this.#left.keys()];
  }

  leave({ process }: OperationRun, address: string, begun: number): void {
    this.#left.set(address, { begun, machine: process.machine.index });
  }

  /** Whoever has had the lock and succeeded has dealt with what was left there. */
  settle(run: OperationRun, address: string): void {
    const { begun = 0, machine } = this.#left.get(address) ?? {};
    // Whoever looks after all images may have been at this one before something was left there.
    const isMissed = run.addresses === undefined && run.number <= begun;
    // What another host has left in a directory of its own only that one finds.
    const isOutOfReach = this.#isApart && run.process.machine.index !== machine;
    if (!isMissed && !isOutOfReach && changesImages(run.spec)) this.#left.delete(address);
  }
}

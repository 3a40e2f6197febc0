/** The lock of a volume group (`/run/lock/lvm/V_<group>`): held by a command while it runs, also by reports. */

export class GroupLock {
  #holder: object | undefined;
  readonly #waiting: { readonly who: object; readonly wake: () => void }[] = [];

  get isFree(): boolean {
    return this.#holder === undefined;
  }

  take(who: object): void {
    this.#holder = who;
  }

  /** `wake` is called when it is `who`'s turn, who then holds it. */
  wait(who: object, wake: () => void): void {
    this.#waiting.push({ who, wake });
  }

  /** Also by who still waits, and has died of it. */
  leave(who: object): void {
    const index = this.#waiting.findIndex((waiting) => waiting.who === who);
    if (index >= 0) this.#waiting.splice(index, 1);
    if (this.#holder !== who) return;
    this.#holder = undefined;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#holder = next.who;
    next.wake();
  }
}

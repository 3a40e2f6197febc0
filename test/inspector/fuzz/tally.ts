/** Counts what a fuzz has met, for people to see that it met enough. */
import type { Inspection } from '../../../src/inspector/inspect.ts';

export class Tally {
  #runs = 0;
  #safe = 0;
  #bytesReadMost = 0;
  readonly #counts = new Map<string, number>();

  add(inspection: Inspection, bytesRead = 0): void {
    this.#runs += 1;
    this.#bytesReadMost = Math.max(this.#bytesReadMost, bytesRead);
    if (inspection.safe) {
      this.#safe += 1;
      this.count(`safe ${inspection.format}`);
      return;
    }
    for (const code of new Set(inspection.violations.map(({ code: one }) => one))) {
      this.count(code);
    }
  }

  count(what: string): void {
    this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
  }

  get runs(): number {
    return this.#runs;
  }

  get safe(): number {
    return this.#safe;
  }

  print(title: string): void {
    const counts = [...this.#counts].sort(([one], [other]) => one.localeCompare(other));
    const list = counts.map(([what, count]) => `${what} ${count}`).join(', ');
    console.log(
      `${title}: ${this.#runs} runs, ${this.#safe} safe, ${this.#runs - this.#safe} unsafe, ` +
        `at most ${this.#bytesReadMost} bytes read\n  ${list}`,
    );
  }
}

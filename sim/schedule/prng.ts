/**
 * Repeatable randomness: sfc32 over 32-bit integers, seeded by hashing a seed with a label, so that a draw that is added
 * in one part of the simulator does not move the others.
 */

/** FNV-1a over UTF-16 code units, 32 bits. */
export function hashText(text: string, start = 0x811c9dc5): number {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  constructor(seed: number, label: string) {
    this.#a = hashText(label, (seed ^ 0x9e3779b9) >>> 0);
    this.#b = hashText(label, Math.imul(seed | 1, 0x85ebca6b) >>> 0);
    this.#c = Math.floor(seed / 2 ** 32) ^ 0x243f6a88;
    for (let round = 0; round < 12; round += 1) this.next();
  }

  /** A whole number below 2^32. */
  next(): number {
    const sum = (this.#a + this.#b + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }

  /** A whole number from 0 to `bound` - 1. */
  below(bound: number): number {
    return this.next() % bound;
  }

  /** True once in `odds` times, on average. */
  oneIn(odds: number): boolean {
    return this.below(odds) === 0;
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.below(values.length)] as Value;
  }
}

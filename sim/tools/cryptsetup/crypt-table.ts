/**
 * What stands on a volume of what was written through a dm-crypt map, and back: numbers that only the same key opens;
 * another key reads other numbers. What was never written reads as noise through a map, and zeros that were written stand
 * on the volume as something.
 */
import { hashText } from '../../schedule/prng.ts';
import type { VolumeGroup } from '../../volume-group/volume-group.ts';
import { mapSources, write, zeros, type RawContent } from '../../volume/content.ts';

type Source = Uint8Array | number;

const firstNumber = 1_000_000;

/** Whether bytes on a volume are what a map has written. */
export function isCiphertext(source: Source): boolean {
  return typeof source === 'number' && source >= firstNumber;
}

/** What reads as noise through the map of a key, because nothing was written there. */
const noise = 900_000;

/** Of one world. */
export class CryptTable {
  readonly #sealed = new Map<string, Map<Source, number>>();
  readonly #opened = new Map<string, Map<number, Source>>();
  #next = firstNumber;

  /** What a map writes: all of it, its zeros too. */
  seal(key: string, plain: RawContent): RawContent {
    return mapSources(filled(plain, zeros), (source) => this.#seal(key, source));
  }

  /** What a map reads. */
  open(key: string, cipher: RawContent): RawContent {
    const opened = mapSources(filled(cipher, noise), (source) => this.#open(key, source));
    return { ...opened, extents: opened.extents.filter(({ source }) => source !== zeros) };
  }

  #seal(key: string, source: Source): number {
    const known = within(this.#sealed, key).get(source);
    if (known !== undefined) return known;
    const number = this.#next++;
    within(this.#sealed, key).set(source, number);
    within(this.#opened, key).set(number, source);
    return number;
  }

  #open(key: string, source: Source): Source {
    if (source === noise) return hashText(key, noise);
    const known = typeof source === 'number' ? this.#opened.get(key)?.get(source) : undefined;
    return known ?? hashText(key, 7) + (typeof source === 'number' ? source : source.length);
  }
}

function within<Key, Value>(tables: Map<string, Map<Key, Value>>, key: string): Map<Key, Value> {
  const known = tables.get(key);
  if (known !== undefined) return known;
  const made = new Map<Key, Value>();
  tables.set(key, made);
  return made;
}

/** With this in all its holes. */
function filled(content: RawContent, source: number): RawContent {
  let at = 0;
  let whole = content;
  for (const { at: start, length } of [...content.extents, { at: content.sizeBytes, length: 0 }]) {
    if (start > at) whole = write(whole, at, { length: start - at, source, from: at });
    at = start + length;
  }
  return whole;
}

const tables = new WeakMap<VolumeGroup, CryptTable>();

export function cryptTableOf(group: VolumeGroup): CryptTable {
  const table = tables.get(group) ?? new CryptTable();
  tables.set(group, table);
  return table;
}

/** What decides what stands on a volume: the secret, and how it is used. */
export function cryptKey(
  { cipher, keySize }: { cipher: string; keySize: number },
  secret: string,
): string {
  return `${cipher} ${keySize} ${secret}`;
}

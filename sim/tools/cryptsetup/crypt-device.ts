/**
 * A plain dm-crypt map over a volume: what is written through it stands on the volume as numbers that only the same key
 * gives back; another key reads others. Holes read as holes, so that disks cost nothing: whoever takes zeros for granted
 * where nothing was written is not found out.
 */
import { hashText } from '../../schedule/prng.ts';
import type { LogicalVolume } from '../../volume-group/logical-volume.ts';
import { mapSources, type RawContent } from '../../volume/content.ts';
import type { Device } from '../../volume/device.ts';
import { resize } from '../../volume/content.ts';

type Source = Uint8Array | number;

/** Ciphertext by plaintext, and back; of one world. */
export class CryptTable {
  readonly #sealed = new Map<string, Map<Source, number>>();
  readonly #opened = new Map<string, Map<number, Source>>();
  #next = 1_000_000;

  seal(key: string, source: Source): number {
    const known = within(this.#sealed, key).get(source);
    if (known !== undefined) return known;
    const number = this.#next++;
    within(this.#sealed, key).set(source, number);
    within(this.#opened, key).set(number, source);
    return number;
  }

  open(key: string, source: Source): Source {
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

export class CryptDevice implements Device {
  readonly under: LogicalVolume;
  readonly #key: string;
  readonly #table: CryptTable;
  #sizeBytes: number;

  constructor(lower: LogicalVolume, key: string, table: CryptTable) {
    this.under = lower;
    this.#key = key;
    this.#table = table;
    this.#sizeBytes = this.under.content.sizeBytes;
  }

  /** To the size of what is below. */
  grow(): void {
    this.#sizeBytes = this.under.content.sizeBytes;
  }

  attach(): void {
    this.under.openers += 1;
  }

  detach(): void {
    this.under.openers = Math.max(0, this.under.openers - 1);
  }

  read(): RawContent {
    const plain = mapSources(this.under.read(), (source) => this.#table.open(this.#key, source));
    return resize(plain, this.#sizeBytes);
  }

  write(content: RawContent): void {
    const sealed = mapSources(content, (source) => this.#table.seal(this.#key, source));
    this.under.write(resize(sealed, this.under.content.sizeBytes));
  }

  lose(): void {
    this.under.lose();
  }

  sync(): void {
    this.under.sync();
  }
}

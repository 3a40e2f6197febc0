/** A plain dm-crypt map over a volume. */
import type { LogicalVolume } from '../../volume-group/logical-volume.ts';
import { changes, resize, slice, splice, type RawContent } from '../../volume/content.ts';
import type { Device } from '../../volume/device.ts';
import { errno } from '../../volume/errno.ts';
import type { CryptTable } from './crypt-table.ts';

export class CryptDevice implements Device {
  readonly under: LogicalVolume;
  /** Tools that have it open without the locks of qemu. */
  openers = 0;
  /** Its node may stand all the same. */
  isRemoved = false;
  readonly #key: string;
  readonly #table: CryptTable;
  #sizeBytes: number;
  /** What was read last, and of what: the same again is the same pieces. */
  #seen: { readonly cipher: RawContent; readonly plain: RawContent } | undefined;

  constructor(lower: LogicalVolume, key: string, table: CryptTable) {
    this.under = lower;
    this.#key = key;
    this.#table = table;
    this.#sizeBytes = this.under.content.sizeBytes;
  }

  /** To the size of what is below. */
  grow(): void {
    this.#sizeBytes = this.under.content.sizeBytes;
    this.#seen = undefined;
  }

  attach(): void {
    this.under.openers += 1;
  }

  detach(): void {
    this.under.openers = Math.max(0, this.under.openers - 1);
  }

  read(): RawContent {
    if (this.isRemoved) throw errno('ENXIO', this.under.name);
    const cipher = this.under.read();
    if (this.#seen?.cipher === cipher) return this.#seen.plain;
    const plain = this.#table.open(this.#key, resize(cipher, this.#sizeBytes));
    this.#seen = { cipher, plain };
    return plain;
  }

  write(content: RawContent): void {
    if (this.isRemoved) throw errno('ENXIO', this.under.name);
    const ranges = changes(this.read(), content);
    let cipher = this.under.read();
    for (const { at, length } of ranges) {
      cipher = splice(cipher, at, this.#table.seal(this.#key, slice(content, at, at + length)));
    }
    this.under.write(cipher, ranges);
  }

  lose(): void {
    this.under.lose();
  }

  sync(): void {
    this.under.sync();
  }
}

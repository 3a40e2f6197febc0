/** The qcow2 images of one simulated world, by the marks in the headers that their readers see. */
import {
  markPosition,
  renderQcow2,
  renderTables,
  type Piece,
  type Qcow2Content,
} from './qcow2-content.ts';

export class Qcow2Images {
  readonly #pieces = new Map<Qcow2Content, readonly Piece[]>();
  readonly #tables = new WeakMap<Qcow2Content, readonly Piece[]>();
  readonly #byMark: Qcow2Content[] = [];

  /** Header and snapshot table; the same bytes for the same image. */
  piecesOf(content: Qcow2Content): readonly Piece[] {
    const known = this.#pieces.get(content);
    if (known !== undefined) return known;
    const pieces = renderQcow2(content, this.#byMark.length + 1);
    this.#byMark.push(content);
    this.#pieces.set(content, pieces);
    return pieces;
  }

  /** The tables of clusters, which hardly anybody reads. */
  tablesOf(content: Qcow2Content): readonly Piece[] {
    const known = this.#tables.get(content);
    if (known !== undefined) return known;
    const tables = renderTables(content);
    this.#tables.set(content, tables);
    return tables;
  }

  /** The image that begins with these bytes, if somebody has read them before. */
  find(bytes: Uint8Array): Qcow2Content | undefined {
    if (bytes.length < markPosition + 4) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (view.getUint32(0) !== 0x514649fb) return undefined;
    return this.#byMark[view.getUint32(markPosition) - 1];
  }
}

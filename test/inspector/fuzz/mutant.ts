/**
 * A mutated image: an image that is never copied, pieces that lie over it, and a size of its own.
 */
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { fileReader, type Reader } from '../../../src/inspector/reader.ts';

export interface Piece {
  readonly position: number;
  readonly bytes: Uint8Array;
}

export class Mutant {
  readonly #base: Uint8Array;
  readonly #pieces: Piece[] = [];
  sizeBytes: number;

  constructor(base: Uint8Array) {
    this.#base = base;
    this.sizeBytes = base.length;
  }

  /** Lays a piece over what is there. What is behind the end of the file is not in it. */
  write(position: number, bytes: Uint8Array): void {
    this.#pieces.push({ position, bytes });
  }

  /** Bytes from `position`; what no piece and no base covers is zeros, behind the end as well. */
  read(position: number, lengthBytes: number): Uint8Array {
    return this.#fill(new Uint8Array(lengthBytes), position);
  }

  #fill(zeros: Uint8Array, position: number): Uint8Array {
    this.#copy({ position: 0, bytes: this.#base }, zeros, position);
    for (const piece of this.#pieces) this.#copy(piece, zeros, position);
    return zeros;
  }

  #copy({ position, bytes }: Piece, target: Uint8Array, targetPosition: number): void {
    const start = Math.max(position, targetPosition);
    const fileEnd = Math.min(position + bytes.length, this.sizeBytes);
    const end = Math.min(fileEnd, targetPosition + target.length);
    if (start < end) {
      target.set(bytes.subarray(start - position, end - position), start - targetPosition);
    }
  }

  reader(): Reader {
    const read = (buffer: Uint8Array, position: number) => {
      this.#fill(buffer, position);
      return Promise.resolve(buffer.length);
    };
    return fileReader({ read }, this.sizeBytes);
  }

  /** Makes it a real file, sparse where it grew. */
  save(path: string): void {
    const file = openSync(path, 'w');
    try {
      for (const { position, bytes } of [{ position: 0, bytes: this.#base }, ...this.#pieces]) {
        const inside = bytes.subarray(0, Math.max(0, this.sizeBytes - position));
        if (inside.length > 0) writeSync(file, inside, 0, inside.length, position);
      }
      ftruncateSync(file, this.sizeBytes);
    } finally {
      closeSync(file);
    }
  }
}

/**
 * Bounded random access to an untrusted file: parsers can neither read without end nor outside of
 * it.
 */
import type { FileHandle, OpenFile } from '../ports/filesystem.ts';

/**
 * Thrown by a reader whose budget is spent; `inspect` turns it into the violation TOO_MUCH_TO_READ.
 */
export class ReadBudgetSpent extends Error {
  override readonly name = 'ReadBudgetSpent';
}

export interface Reader {
  readonly sizeBytes: number;
  /** How many bytes were read so far. */
  readonly bytesRead: number;
  /** The bytes from `position`; fewer than `length` where the file ends. Throws ReadBudgetSpent. */
  read(position: number, length: number): Promise<Bytes>;
}

/** Big-endian and little-endian fields of a piece of a file. Reading past its end gives zeros. */
export class Bytes {
  readonly raw: Uint8Array;
  readonly #view: DataView;

  constructor(raw: Uint8Array) {
    this.raw = raw;
    this.#view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  }

  get length(): number {
    return this.raw.length;
  }

  u8(offset: number): number {
    return this.raw[offset] ?? 0;
  }

  u16be(offset: number): number {
    return offset + 2 <= this.length ? this.#view.getUint16(offset) : 0;
  }

  u32be(offset: number): number {
    return offset + 4 <= this.length ? this.#view.getUint32(offset) : 0;
  }

  u64be(offset: number): bigint {
    return offset + 8 <= this.length ? this.#view.getBigUint64(offset) : 0n;
  }

  u16le(offset: number): number {
    return offset + 2 <= this.length ? this.#view.getUint16(offset, true) : 0;
  }

  u32le(offset: number): number {
    return offset + 4 <= this.length ? this.#view.getUint32(offset, true) : 0;
  }

  u64le(offset: number): bigint {
    return offset + 8 <= this.length ? this.#view.getBigUint64(offset, true) : 0n;
  }

  slice(start: number, end: number): Bytes {
    return new Bytes(this.raw.subarray(start, end));
  }

  /** Byte for byte, each as one character: never fails, and keeps every byte apart. */
  latin1(start: number, end: number): string {
    return Buffer.from(this.raw.buffer, this.raw.byteOffset, this.raw.byteLength).toString(
      'latin1',
      start,
      end,
    );
  }

  /** Text, or undefined where the bytes are no valid UTF-8. */
  utf8(start: number, end: number): string | undefined {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        this.raw.subarray(start, end),
      );
    } catch {
      return undefined;
    }
  }

  startsWith(signature: string, offset = 0): boolean {
    if (offset + signature.length > this.length) return false;
    for (let index = 0; index < signature.length; index += 1) {
      if (this.raw[offset + index] !== signature.charCodeAt(index)) return false;
    }
    return true;
  }
}

/** Enough for every benign image; a parser that wants more is being led around. */
const budgetBytesDefault = 1024 * 1024;

/**
 * A reader over an open file, which is the file that is then used: nothing can be swapped in
 * between.
 */
export function fileReader(
  handle: Pick<FileHandle, 'read'>,
  sizeBytes: number,
  budgetBytes = budgetBytesDefault,
): Reader {
  let bytesRead = 0;
  return {
    sizeBytes,
    get bytesRead() {
      return bytesRead;
    },
    async read(position, length) {
      const wanted = Math.max(0, Math.min(length, sizeBytes - position));
      if (wanted === 0) return new Bytes(new Uint8Array(0));
      if (bytesRead + wanted > budgetBytes) throw new ReadBudgetSpent();
      bytesRead += wanted;
      const buffer = new Uint8Array(wanted);
      const got = await handle.read(buffer, position);
      return new Bytes(buffer.subarray(0, got));
    },
  };
}

/** The same over a file that was opened with its ends: those are not read again. */
export function openFileReader(file: OpenFile): Reader {
  const { head, tail, stat } = file;
  const tailPosition = stat.sizeBytes - tail.length;
  const read = (buffer: Uint8Array, position: number) => {
    const end = position + buffer.length;
    if (end <= head.length) buffer.set(head.subarray(position, end));
    else if (position >= tailPosition && end <= stat.sizeBytes) {
      buffer.set(tail.subarray(position - tailPosition, end - tailPosition));
    } else return file.read(buffer, position);
    return Promise.resolve(buffer.length);
  };
  return fileReader({ read }, stat.sizeBytes);
}

/** A reader over bytes in memory. */
export function bytesReader(bytes: Uint8Array, sizeBytes = bytes.length): Reader {
  return fileReader(
    {
      read: (buffer, position) => {
        const piece = bytes.subarray(position, position + buffer.length);
        buffer.set(piece);
        return Promise.resolve(
          Math.max(piece.length, Math.min(buffer.length, sizeBytes - position)),
        );
      },
    },
    sizeBytes,
  );
}

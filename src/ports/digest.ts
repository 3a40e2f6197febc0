/** SHA-256 over what passes by. */
export interface Digest {
  update(bytes: Uint8Array): void;
  /** In lower-case hexadecimal; the digest takes no more updates. */
  hex(): string;
}

export interface Digests {
  sha256(): Digest;
  /** Of a whole file, from its first byte to its last. `onProgress` is told the bytes done. */
  sha256File(
    path: string,
    options?: {
      signal?: AbortSignal | undefined;
      onProgress?: ((doneBytes: number) => void) | undefined;
    },
  ): Promise<string>;
}

/** A raw disk with data, holes and zeros, the same in every run. */

const sizeBytes = 2 * 1024 ** 2;
const pieceBytes = 96 * 1024;

export function diskContent(): Uint8Array {
  const content = new Uint8Array(sizeBytes);
  let state = 1;
  for (let start = 64 * 1024; start < sizeBytes; start += 4 * pieceBytes) {
    for (let position = start; position < start + pieceBytes; position += 1) {
      state = (state * 48271) % 0x7fffffff;
      content[position] = state & 0xff;
    }
  }
  return content;
}

/** What a simulated tool prints: kept up to a bound, and told line by line to whoever started it. */
import type { RunOptions } from '../src/ports/executor.ts';

const maxOutputBytesDefault = 16 * 1024 * 1024;

export class ToolOutput {
  readonly #maxBytes: number;
  readonly #onLine: (line: string) => void;
  stdout = '';
  stderr = '';

  constructor({ maxOutputBytes, onLine }: RunOptions) {
    this.#maxBytes = maxOutputBytes ?? maxOutputBytesDefault;
    this.#onLine = onLine ?? (() => {});
  }

  /** False when it has printed more than it may; what is beyond is lost. */
  print(stream: 'stdout' | 'stderr', text: string): boolean {
    const all = this[stream] + text;
    this[stream] = all.slice(0, this.#maxBytes);
    for (const line of text.split(/[\r\n]+/)) if (line !== '') this.#onLine(line);
    return all.length <= this.#maxBytes;
  }
}

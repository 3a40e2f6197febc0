/** Has each of several things recovered in its turn. */
import { PlatterError, toPlatterError } from '../errors.ts';

/** Several things of which each has its turn, whatever becomes of the others: the first failure is told at the end. */
export class Turns {
  readonly #failures: { readonly target: string; readonly error: PlatterError }[] = [];

  /** Cancellation ends it all, and so does what is no failure of this one. */
  async take(target: string, act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (thrown) {
      const error = toPlatterError(thrown, `recover ${target}`);
      if (!PlatterError.is(error) || error.code === 'CANCELED') throw error;
      this.#failures.push({ target, error });
    }
  }

  /** When all have had their turn: `recovered` names those of which something came. */
  end(recovered: readonly string[]): void {
    const [first, ...others] = this.#failures;
    if (first === undefined) return;
    const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
    const { target, error } = first;
    throw new PlatterError(error.code, `${target} is left as it is: ${error.message}${more}`, {
      details: {
        ...error.details,
        target,
        recovered,
        others: others.map((one) => `${one.target}: ${one.error.message}`),
      },
      hint: error.hint,
      cause: error,
    });
  }
}

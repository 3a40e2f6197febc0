/** Randomness. */
export interface Random {
  /** Sixteen hexadecimal digits that nobody else has drawn or will draw. */
  id(): string;
}

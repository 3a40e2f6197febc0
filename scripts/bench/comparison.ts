/** One operation of platter beside the bare tool that does the same. */
export interface Comparison {
  readonly name: string;
  /** The ratio that CONTRACT.md section 9 allows. */
  readonly limit: number;
  readonly bare: () => Promise<unknown>;
  readonly ours: () => Promise<unknown>;
  /** Not measured; run after each pair. */
  readonly reset: () => Promise<unknown>;
}

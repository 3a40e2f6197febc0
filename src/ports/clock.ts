/** Time. */
export interface Clock {
  /** Wall clock, in milliseconds since 1970 UTC. May jump. */
  now(): number;
  /** Never goes backward; its zero has no meaning. */
  monotonicMs(): number;
  /** Rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

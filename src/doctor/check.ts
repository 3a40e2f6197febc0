/** What `platter doctor` finds. */

export interface Check {
  /** Stable, for scripts: `tool qemu-img`, `directory instances`, … */
  readonly id: string;
  /** `problem`: what the configuration needs is not there. `warning`: it works, but less well or less safely. */
  readonly status: 'ok' | 'warning' | 'problem';
  /** What was found. */
  readonly message: string;
  /** What to do about it; every problem has one. */
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** What `platter doctor --json` prints. */
export interface Diagnosis {
  /** Whether all is there that the configuration needs. */
  readonly healthy: boolean;
  readonly platter: string;
  readonly checks: readonly Check[];
}

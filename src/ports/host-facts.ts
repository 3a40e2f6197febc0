/** What this host and this process are. */

/** Tells one process from every other on any host, also after restarts. */
export interface ProcessIdentity {
  /** Host name, for people. */
  readonly host: string;
  /** Of the machine, across its starts. */
  readonly machine: string;
  /** Changes with every start of the machine. */
  readonly boot: string;
  /** Process ids compare only within one namespace of one boot. */
  readonly namespace: string;
  readonly pid: number;
  /** Start time of the process: a pid is given again, a pid with its start time is not. */
  readonly processStart: string;
}

export interface HostFacts {
  readonly self: ProcessIdentity;
  /** Whether a process of this boot and namespace still runs; false proves that it is gone. */
  isRunning(pid: number, processStart: string): Promise<boolean>;
}

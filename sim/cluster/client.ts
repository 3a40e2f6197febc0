/** Who is connected to a cluster, and for how long the cluster believes it. */

/** A tool or a guest, from when it has logged in until it says goodbye or is forgotten. */
export interface ClusterClient {
  /** `client.4138` */
  readonly number: number;
  /** `127.0.0.1:0/1994924776` */
  readonly address: string;
  readonly user: string;
  /** Keeps the exclusive lock of what it has open, and does for others what they ask for. */
  readonly isGuest: boolean;
  /** Virtual time at which it ended without a word. */
  diedUs: number | undefined;
  /** Somebody has broken its lock: nothing that it sends is taken any more. */
  isBlocklisted: boolean;
}

/** `osd_client_watch_timeout` (fixtures/rbd-16.2/away.json). */
const watchTimeoutUs = 30_000_000;

/** Virtual time until which the cluster takes it for alive; it is then over for certain. */
export function believedUntilUs({ diedUs }: ClusterClient): number {
  return diedUs === undefined ? Infinity : diedUs + watchTimeoutUs;
}

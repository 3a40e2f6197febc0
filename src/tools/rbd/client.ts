/** How rbd and ceph (16.2) are told which cluster to talk to, as whom, and how long to wait for it. Pure. */

export interface CephClient {
  /** Without the `client.` in front; absent: `admin`. */
  readonly user?: string | undefined;
  /** Absolute path of ceph.conf; absent: where Ceph looks by itself. */
  readonly cephConf?: string | undefined;
  /** How long to wait for a monitor. */
  readonly connectTimeoutSeconds: number;
}

/** Options that both tools know. */
export function identity({ user, cephConf }: CephClient): readonly string[] {
  return [
    ...(cephConf === undefined ? [] : ['--conf', cephConf]),
    ...(user === undefined ? [] : ['--id', user]),
  ];
}

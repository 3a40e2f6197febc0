/** The monitors of the cluster, as machines have to know them (B117, B131, B140). */
import type { Config } from '../../config/config.ts';
import { isHostError } from '../../errors.ts';
import type { Host } from '../../ports/host.ts';
import { cephMonitors } from '../../tools/ceph/argv.ts';
import { parseCephMonitors, type CephMonitors } from '../../tools/ceph/output.ts';
import type { Cluster } from './cluster.ts';
import { runRbd } from './run-rbd.ts';

/** How long the answer is good for: the original asks for every disk anew (D12), and monitors change once in years. */
const freshMs = 60_000;

interface Answer {
  readonly monitors: CephMonitors;
  readonly askedAt: number;
  /** Of ceph.conf: another cluster's would have other monitors. */
  readonly stamp: string;
}

export type Monitors = () => Promise<readonly string[]>;

/** Addresses as `host:port`, asked for again when they are a minute old or ceph.conf has changed; a change is told. */
export function watchMonitors(host: Host, cluster: Cluster, config: Config): Monitors {
  let last: Answer | undefined;
  return async () => {
    const stamp = await stampOf(host, config.rbd.cephConf);
    const askedAt = host.clock.monotonicMs();
    if (last !== undefined && last.stamp === stamp && askedAt - last.askedAt < freshMs) {
      return last.monitors.addresses;
    }
    const { stdout } = await runRbd(host.executor, cephMonitors(cluster.client), {
      action: 'find the monitors',
      timeoutMs: config.limits.toolTimeoutSeconds * 1000,
    });
    const monitors = parseCephMonitors(stdout);
    if (last !== undefined && last.monitors.epoch !== monitors.epoch) {
      host.events.emit({
        type: 'warning',
        message: `the monitors of the cluster have changed: ${monitors.addresses.join(', ')}`,
      });
    }
    last = { monitors, askedAt, stamp };
    return monitors.addresses;
  };
}

async function stampOf({ filesystem }: Host, path = '/etc/ceph/ceph.conf'): Promise<string> {
  try {
    const { device, inode, sizeBytes, modifiedMs } = await filesystem.stat(path);
    return [device, inode, sizeBytes, modifiedMs].join(' ');
  } catch (error) {
    if (isHostError(error)) return '';
    throw error;
  }
}

/** Parsers of what ceph 16.2 prints with `--format json`. Pure. */
import { field, parseObject, unreadable } from '../json-output.ts';

export function parseCephFsid(stdout: string): string {
  return field.text(parseObject('ceph fsid', stdout), 'fsid', 'ceph fsid');
}

export interface CephMonitors {
  /** Grows with every change of the monitors. */
  readonly epoch: number;
  /** `host:port`; IPv6 hosts in brackets. */
  readonly addresses: readonly string[];
}

/** Each monitor's address is the text before the last `/` (B117); older versions print a line in front of the JSON. */
export function parseCephMonitors(stdout: string): CephMonitors {
  const dump = parseObject('ceph mon dump', stdout.replace(/^dumped monmap epoch \d+\n/, ''));
  const { mons } = dump;
  if (!Array.isArray(mons)) throw unreadable('ceph mon dump', stdout);
  const addresses = mons.map((monitor: Record<string, unknown>) => {
    const address = field.text(monitor, 'addr', 'ceph mon dump');
    const slash = address.lastIndexOf('/');
    return slash < 0 ? address : address.slice(0, slash);
  });
  return { epoch: field.size(dump, 'epoch', 'ceph mon dump'), addresses };
}

/** Splits `host:port` at its last colon, and takes the brackets off an IPv6 host. */
export function splitMonitorAddress(address: string): { name: string; port: string } {
  const colon = address.lastIndexOf(':');
  return {
    name: address.slice(0, colon).replace(/^\[(.*)\]$/, '$1'),
    port: address.slice(colon + 1),
  };
}

export interface CephPoolSpace {
  /** Of the whole cluster, copies included. */
  readonly totalBytes: number;
  /** What the pool can still take, copies and its quota counted off. */
  readonly freeBytes: number;
  readonly usedBytes: number;
}

/** B116; undefined when there is no such pool. */
export function parseCephSpace(stdout: string, pool: string): CephPoolSpace | undefined {
  const { stats, pools } = parseObject('ceph df', stdout);
  if (!Array.isArray(pools)) throw unreadable('ceph df', stdout);
  const found = (pools as readonly Record<string, unknown>[]).find(({ name }) => name === pool);
  if (found === undefined) return undefined;
  const own = found['stats'] as Record<string, unknown>;
  const freeBytes = field.size(own, 'max_avail', 'ceph df');
  const quotaBytes = Number(own['quota_bytes'] ?? 0);
  const underQuota = Math.max(0, quotaBytes - field.size(own, 'stored', 'ceph df'));
  return {
    totalBytes: field.size(stats as Record<string, unknown>, 'total_bytes', 'ceph df'),
    freeBytes: quotaBytes === 0 ? freeBytes : Math.min(freeBytes, underQuota),
    usedBytes: field.size(own, 'bytes_used', 'ceph df'),
  };
}

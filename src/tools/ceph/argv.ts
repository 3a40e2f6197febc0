/** Command lines of ceph 16.2. Pure. Without `--connect-timeout` it waits for ever. */
import type { Command } from '../../ports/executor.ts';
import { identity, type CephClient } from '../rbd/client.ts';

function ceph(client: CephClient, ...args: readonly string[]): Command {
  const connection = ['--connect-timeout', String(client.connectTimeoutSeconds)];
  return { file: 'ceph', args: [...identity(client), ...connection, ...args, '--format', 'json'] };
}

/** The identity of the cluster. */
export function cephFsid(client: CephClient): Command {
  return ceph(client, 'fsid');
}

/** The monitors; says on standard error which epoch it dumped. */
export function cephMonitors(client: CephClient): Command {
  return ceph(client, 'mon', 'dump');
}

/** Space of the cluster and of its pools, with their quotas. */
export function cephSpace(client: CephClient): Command {
  return ceph(client, 'df', 'detail');
}

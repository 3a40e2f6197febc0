/**
 * The simulated ceph 16.2, as far as the state of a cluster is asked for. Recorded in fixtures/rbd-16.2/cluster.json and
 * away.json.
 */
import { allocatedBytes } from '../../cluster/space.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { failure, success, type ToolProgram, type ToolResult } from '../program.ts';
import { RbdFailure } from '../rbd/failure.ts';
import { parseArguments } from '../rbd/arguments.ts';
import { connect, withConnections } from '../rbd/session.ts';

const shape = { words: 4, values: ['connect-timeout'] };

export const ceph: ToolProgram = function* ceph(context, args) {
  const parsed = parseArguments(args, shape);
  const timeout = parsed.values.get('connect-timeout');
  const values = new Map(parsed.values);
  // The monitor answers also where no OSD does; here they are away together.
  if (timeout !== undefined) values.set('client-mount-timeout', timeout);
  try {
    return yield* withConnections(context, function* ask(connected) {
      const { cluster } = yield* connect(connected, { ...parsed, values });
      return answer(cluster, parsed.words.join(' '), values.get('format') === 'json');
    });
  } catch (error) {
    if (!(error instanceof RbdFailure)) throw error;
    return connectFailure(error.result);
  }
};

function connectFailure({ exitCode, stderr }: ToolResult): ToolResult {
  if (exitCode === 110) return failure('timed out');
  const log = stderr.replace(/^rbd: .*\n/m, '');
  const text = '[errno 13] RADOS permission denied (error connecting to the cluster)';
  return failure(`${log}${text}`, 13);
}

/** JSON comes behind an empty line, as from the real one. */
function answer(cluster: Cluster, command: string, isJson: boolean): ToolResult {
  switch (command) {
    case 'fsid':
      return success(isJson ? json({ fsid: cluster.fsid }) : `${cluster.fsid}\n`);
    case 'df':
    case 'df detail':
      return success(json(freeSpace(cluster)));
    case 'mon dump':
      return { ...success(json(monitors(cluster))), stderr: 'dumped monmap epoch 1\n' };
    case 'osd pool ls':
      return success(json([...cluster.pools.keys()]));
    default:
      return failure('no valid command found\nError EINVAL: invalid command', 22);
  }
}

function json(value: unknown): string {
  return `\n${JSON.stringify(value)}`;
}

function freeSpace(cluster: Cluster) {
  const pools = [...cluster.pools.values()].map(({ id, name, namespaces }) => {
    let stored = 0;
    let objects = 0;
    for (const { headers } of namespaces.values()) {
      for (const image of headers.values()) {
        stored += allocatedBytes(image);
        objects += 1;
      }
    }
    return { id, name, stored, objects };
  });
  const used = pools.reduce((sum, { stored }) => sum + stored, 0);
  const total = cluster.capacityBytes;
  const available = cluster.isFull ? 0 : Math.max(0, total - used);
  const stats = {
    total_bytes: total,
    total_avail_bytes: available,
    total_used_bytes: used,
    total_used_raw_bytes: used,
    total_used_raw_ratio: used / total,
  };
  return {
    stats: { ...stats, num_osds: 1, num_per_pool_osds: 0, num_per_pool_omap_osds: 0 },
    stats_by_class: { hdd: stats },
    pools: pools.map(({ id, name, stored, objects }) => ({
      name,
      id,
      stats: {
        stored,
        objects,
        kb_used: Math.ceil(stored / 1024),
        bytes_used: stored,
        percent_used: used === 0 ? 0 : stored / total,
        // What is left below the ratio at which a cluster counts as full.
        max_avail: Math.floor(available * 0.95),
      },
    })),
  };
}

function monitors(cluster: Cluster) {
  const address = '127.0.0.1:6789/0';
  return {
    epoch: 1,
    fsid: cluster.fsid,
    min_mon_release: 16,
    min_mon_release_name: 'pacific',
    mons: [
      {
        rank: 0,
        name: 'a',
        public_addrs: {
          addrvec: [
            { type: 'v2', addr: '127.0.0.1:3300', nonce: 0 },
            { type: 'v1', addr: '127.0.0.1:6789', nonce: 0 },
          ],
        },
        addr: address,
        public_addr: address,
        priority: 0,
        weight: 0,
        crush_location: '{}',
      },
    ],
    quorum: [0],
  };
}

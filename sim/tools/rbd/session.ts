/**
 * A command's connection to the cluster, and how its requests meet trouble:
 *
 * - `cluster away` at a step: nothing answers for a while. Whoever wants to log in gives up after its mount timeout; a
 *   request waits as long as its operation timeout says, which by default is for ever.
 * - `cluster full`: writes wait for space (fixtures/rbd-16.2/full.json).
 * - `lost reply`: the request is done, and its sender hears that it has timed out.
 */
import type { Cluster } from '../../cluster/cluster.ts';
import type { ClusterClient } from '../../cluster/client.ts';
import type { Namespace } from '../../cluster/namespace.ts';
import { errno } from '../../volume/errno.ts';
import type { ToolContext, ToolStep } from '../program.ts';
import type { RbdArguments, Spec } from './arguments.ts';
import { codeOf, failed, logged, refused, RbdFailure } from './failure.ts';

export type Steps<Value> = Generator<ToolStep, Value, void>;

export interface RbdContext extends ToolContext {
  readonly cluster: Cluster;
  /** Connections that the tool has opened. */
  readonly clients: ClusterClient[];
}

/** Runs what connects; what it has opened is closed when it ends by itself, and stays as it is when it is killed. */
export function* withConnections<Value>(
  context: ToolContext,
  work: (context: RbdContext) => Steps<Value>,
): Steps<Value> {
  const { cluster } = context.stores;
  if (cluster === undefined) throw refused('ENOENT', `${unknownMonitors}${cannotConnect}`);
  const clients: ClusterClient[] = [];
  try {
    return yield* work({ ...context, cluster, clients });
  } finally {
    for (const client of clients) cluster.leave(client);
  }
}

const cannotConnect = "rbd: couldn't connect to the cluster!";
const unknownMonitors = logged(
  'monclient: get_monmap_and_config cannot identify monitors to contact',
);

export interface Session {
  readonly context: RbdContext;
  readonly cluster: Cluster;
  readonly client: ClusterClient;
  /** 0 is without limit. */
  readonly operationTimeoutMs: number;
  readonly showsProgress: boolean;
  /** Whether it tells on standard error what librbd logs besides errors, as far as level 1. */
  readonly logs: boolean;
}

/** How long trouble lasts that a fault brings about: longer than anybody's connect timeout. */
const troubleUs = 20_000_000;

const mountTimeoutSeconds = 300;

function numberOf({ values }: RbdArguments, name: string, otherwise: number): number {
  return Number(values.get(name) ?? otherwise);
}

/** Logs in. @param words what the command says when it cannot. */
export function* connect(
  context: RbdContext,
  args: RbdArguments,
  words: readonly string[] = [],
): Steps<Session> {
  const { cluster } = context;
  const user = args.values.get('id') ?? 'admin';
  const timeoutMs = numberOf(args, 'client-mount-timeout', mountTimeoutSeconds) * 1000;
  const giveUp = (code: string) =>
    refused(
      code,
      ...(code === 'ETIMEDOUT' ? [timedOut(timeoutMs)] : []),
      ...(code === 'EACCES' ? [logged(`monclient(hunting): ${badMethod}`)] : []),
      cannotConnect,
      ...words.map((word) => failed(code, word).result.stderr.trimEnd()),
    );
  try {
    yield* request(cluster, { name: 'connect', subject: user, takesMs: 30 });
    yield* answer(cluster, timeoutMs);
  } catch (error) {
    throw giveUp(codeOf(error) ?? 'EIO');
  }
  if (!cluster.knowsUser(user)) throw giveUp('EACCES');
  const client = cluster.connect(user);
  context.clients.push(client);
  context.held.push(() => cluster.die(client));
  return {
    context,
    cluster,
    client,
    operationTimeoutMs: numberOf(args, 'rados-osd-op-timeout', 0) * 1000,
    showsProgress: !args.flags.has('no-progress'),
    logs: args.values.get('log-to-stderr') === 'true' && numberOf(args, 'debug-rbd', 0) >= 1,
  };
}

const badMethod = 'handle_auth_bad_method server allowed_methods [2] but i only support [2]';

function timedOut(timeoutMs: number): string {
  return `2026-01-01T00:00:00.000+0000 7f0000000000  0 monclient(hunting): authenticate timed out after ${timeoutMs / 1000}\n`;
}

/** A step, with the faults of a cluster acted out. Resolves to whether the reply will be lost. */
function* request(cluster: Cluster, step: ToolStep): Steps<boolean> {
  try {
    yield step;
    return false;
  } catch (error) {
    switch (codeOf(error)) {
      case 'lost reply':
        return true;
      case 'cluster away':
        cluster.awayUntilUs = cluster.nowUs + troubleUs;
        return false;
      case 'cluster full':
        cluster.fullUntilUs = cluster.nowUs + troubleUs;
        return false;
      default:
        throw error;
    }
  }
}

/** Waits while nothing answers (or, to a write, while there is no space); ETIMEDOUT after the timeout (0: none). */
function* answer(cluster: Cluster, timeoutMs: number, isWrite = false): Steps<void> {
  const backUs = () => Math.max(cluster.awayUntilUs, isWrite ? cluster.fullUntilUs : 0);
  if (backUs() <= cluster.nowUs) return;
  const untilUs = timeoutMs === 0 ? Infinity : cluster.nowUs + timeoutMs * 1000;
  while (backUs() > cluster.nowUs) {
    const takesMs = Math.max(1, (Math.min(backUs(), untilUs) - cluster.nowUs) / 1000);
    yield { name: 'wait for the cluster', takesMs };
    if (cluster.nowUs >= untilUs) throw errno('ETIMEDOUT');
  }
}

/** A request that changes something in a namespace. */
export function* write<Value>(
  { cluster, client, operationTimeoutMs }: Session,
  namespace: Namespace,
  step: ToolStep,
  effect: () => Value,
): Steps<Value> {
  const isLost = yield* request(cluster, step);
  yield* answer(cluster, operationTimeoutMs, true);
  if (client.isBlocklisted) throw errno('ESHUTDOWN');
  if (cluster.access(client.user, namespace.pool.name) !== 'write') throw errno('EPERM');
  const value = effect();
  if (isLost) throw errno('ETIMEDOUT');
  return value;
}

export function* read<Value>(
  { cluster, operationTimeoutMs }: Session,
  step: ToolStep,
  look: () => Value,
): Steps<Value> {
  const isLost = yield* request(cluster, step);
  yield* answer(cluster, operationTimeoutMs);
  if (isLost) throw errno('ETIMEDOUT');
  return look();
}

export function findNamespace(
  { cluster }: Session,
  spec: Pick<Spec, 'pool' | 'namespace'>,
): Namespace {
  const name = spec.pool ?? 'rbd';
  if (!cluster.pools.has(name)) {
    if (spec.pool !== undefined) throw failed('ENOENT', `error opening pool '${name}'`);
    throw refused(
      'ENOENT',
      `rbd: error opening default pool 'rbd'`,
      'Ensure that the default pool has been created or specify an alternate pool name.',
    );
  }
  const namespace = cluster.namespace(name, spec.namespace);
  if (namespace !== undefined) return namespace;
  throw new RbdFailure(2, `rbd: namespace '${spec.namespace}' does not exist.`);
}

/** `\rImage flatten: 100% complete...done.`, where it is wanted. */
export function progress({ showsProgress }: Session, what: string, hasFailed = false): string {
  if (!showsProgress) return '';
  return hasFailed ? `\r${what}: 0% complete...failed.\n` : `\r${what}: 100% complete...done.\n`;
}

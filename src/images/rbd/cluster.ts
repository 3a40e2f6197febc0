/** The cluster that the configuration names: questions to it, and changes of it, each by one process. */
import type { Config } from '../../config/config.ts';
import { PlatterError } from '../../errors.ts';
import { copyingTimeoutMs } from '../../ingress/containment.ts';
import type { Session } from '../../operations/step.ts';
import type { Command } from '../../ports/executor.ts';
import type { Host } from '../../ports/host.ts';
import { cephFsid, cephSpace } from '../../tools/ceph/argv.ts';
import { parseCephFsid, parseCephSpace, type CephPoolSpace } from '../../tools/ceph/output.ts';
import * as argv from '../../tools/rbd/argv.ts';
import type { CephClient } from '../../tools/rbd/client.ts';
import { hasRenamed } from '../../tools/rbd/errors.ts';
import * as output from '../../tools/rbd/output.ts';
import { isAbsent, noSuchPool, runRbd, type RbdRun } from './run-rbd.ts';

interface Copying {
  /** Completes "cannot …". */
  readonly action: string;
  /** How much there is to copy at most: what takes far too long for that hangs. */
  readonly bytes: number;
}

export interface Cluster {
  readonly client: CephClient;
  /** `pool` or `pool/namespace` of the images. */
  readonly pool: string;
  readonly templatePool: string;
  /** Undefined when there is no such image, or no such snapshot of it. */
  info(spec: string): Promise<output.RbdInfo | undefined>;
  /** Oldest first. */
  snapshots(spec: string): Promise<readonly output.RbdSnapshot[]>;
  /** Clones of a snapshot; with `all` those of every snapshot of an image. */
  children(spec: string, options?: { all?: boolean }): Promise<readonly string[]>;
  /** Addresses of those who have it open for writing. */
  watchers(spec: string): Promise<readonly string[]>;
  usedBytes(spec: string): Promise<number>;
  /** What an image is marked with under a key; undefined when it is not, or there is no such image. */
  metadata(spec: string, key: string): Promise<string | undefined>;
  /** Names of the images in a pool. */
  names(pool: string): Promise<readonly string[]>;
  /** Ids of the images that somebody has put into the trash of a pool, to have them back. */
  trash(pool: string): Promise<readonly string[]>;
  fsid(): Promise<string>;
  /** Rejects with NOT_FOUND when there is no such pool (B116). */
  space(pool: string): Promise<CephPoolSpace>;
  /** The session of a process that has lost its lock, for what is safe all the same. */
  unguarded(session: Session): Session;
  /** Changes metadata. That is short, so that it is left to finish when the caller cancels. */
  change(session: Session, command: Command, action: string): Promise<void>;
  /** Gives an image another name, unless that is taken (ALREADY_EXISTS): of several who give one at once, one does. */
  rename(session: Session, spec: string, target: string, action: string): Promise<void>;
  /** Copies data: shows its progress, may take long, waits for a slot, and ends when the caller cancels. */
  copy(session: Session, command: Command, work: Copying): Promise<void>;
  /** The same for what must not be left half done: begun at once, and left to finish. */
  rewrite(session: Session, command: Command, work: Copying): Promise<void>;
}

export function connect({ executor }: Pick<Host, 'executor'>, config: Config): Cluster {
  const { pool, templatePool = pool, user, cephConf, connectTimeoutSeconds } = config.rbd;
  if (pool === undefined || templatePool === undefined) {
    throw new PlatterError('CONFIG_INVALID', 'images of type rbd need a pool', {
      hint: 'set pool in the section [rbd] of the configuration',
    });
  }
  const client = { user, cephConf, connectTimeoutSeconds };
  const timeoutMs = config.limits.toolTimeoutSeconds * 1000;
  const read: Read = async (command, action, parse) =>
    parse((await runRbd(executor, command, { action, timeoutMs })).stdout);

  const answers = answersOf(client, read);
  const pools = { pool, templatePool };
  return {
    client,
    ...pools,
    ...answers,
    unguarded: (session) => ({ ...session, host: { ...session.host, executor } }),
    ...changesOf(client, pools, config.limits, answers.space),
  };
}

type Read = <Value>(
  command: Command,
  action: string,
  parse: (stdout: string) => Value,
) => Promise<Value>;

function answersOf(client: CephClient, read: Read) {
  let fsid: Promise<string> | undefined;
  return {
    async info(spec) {
      try {
        return await read(argv.rbdInfo(client, spec), 'look at an image', output.parseRbdInfo);
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    snapshots: (spec) =>
      read(argv.rbdSnapshots(client, spec), 'list snapshots', output.parseRbdSnapshots),
    children: (spec, options) =>
      read(argv.rbdChildren(client, spec, options), 'list clones', output.parseRbdChildren),
    watchers: (spec) =>
      read(argv.rbdStatus(client, spec), 'see who uses an image', output.parseRbdWatchers),
    usedBytes: (spec) =>
      read(argv.rbdUsage(client, spec), 'measure an image', output.parseRbdUsage),
    async metadata(spec, key) {
      try {
        const command = argv.rbdMetadata(client, spec, key);
        return await read(command, 'see what an image is marked with', output.parseRbdMetadata);
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    },
    names: (pool) =>
      read(argv.rbdList(client, pool), 'list the images of a pool', output.parseRbdList),
    trash: (pool) =>
      read(argv.rbdTrashList(client, pool), 'list the trash of a pool', output.parseRbdTrash),
    fsid() {
      // A cluster keeps its identity; one that could not be asked may be asked again.
      fsid ??= read(cephFsid(client), 'identify the cluster', parseCephFsid).catch(
        (error: unknown) => {
          fsid = undefined;
          throw error;
        },
      );
      return fsid;
    },
    space: async (pool: string) => {
      const name = pool.replace(/\/.*/s, '');
      const parse = (text: string) => parseCephSpace(text, name);
      const found = await read(cephSpace(client), 'measure the pool', parse);
      if (found === undefined) throw noSuchPool(name);
      return found;
    },
  } satisfies Partial<Cluster>;
}

function changesOf(
  client: CephClient,
  { pool, templatePool }: Pick<Cluster, 'pool' | 'templatePool'>,
  limits: Config['limits'],
  space: Cluster['space'],
) {
  /** What is written to a full pool waits until there is space: nothing but the clock ends that (recorded). */
  const run = async ({ host }: Session, command: Command, options: RbdRun): Promise<void> => {
    try {
      await runRbd(host.executor, command, options);
    } catch (error) {
      if (!PlatterError.is(error) || error.code !== 'TIMED_OUT') throw error;
      const spaces = await Promise.all([pool, templatePool].map(space)).catch(() => []);
      if (!spaces.some(({ freeBytes }) => freeBytes === 0)) throw error;
      throw new PlatterError('NO_SPACE', `cannot ${options.action}: the pool is full`, {
        details: error.details,
        hint: 'add storage, raise the quota of the pool, or delete images that nobody needs',
        cause: error,
      });
    }
  };
  const timeoutMs = limits.toolTimeoutSeconds * 1000;
  return {
    change: (session, command, action) => run(session, command, { action, timeoutMs }),
    rename: (session, spec, target, action) =>
      run(session, argv.rbdRename(client, spec, target), {
        action,
        timeoutMs,
        succeeds: hasRenamed,
      }),
    copy: (session, command, work) =>
      session.withSlot(() =>
        run(session, command, { ...copying(session, work), signal: session.signal }),
      ),
    rewrite: (session, command, work) => run(session, command, copying(session, work)),
  } satisfies Partial<Cluster>;
}

function copying({ progress, limits }: Session, { action, bytes }: Copying): RbdRun {
  return {
    action,
    timeoutMs: copyingTimeoutMs(limits, bytes),
    onLine(line) {
      const percent = output.parseRbdProgress(line);
      if (percent !== undefined) progress({ phase: action, done: percent, total: 100 });
    },
  };
}

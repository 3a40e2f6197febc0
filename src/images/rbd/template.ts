/**
 * Templates in the cluster: brought there once, by whoever needs one first on any host, and never changed. The name and
 * the snapshot of a template's image hold its digest, and it appears by one rename when it is whole: whatever bears both
 * is the template, so that making a disk of it needs no look.
 */
import type { Config } from '../../config/config.ts';
import { locksDirectory } from '../../config/layout.ts';
import { PlatterError } from '../../errors.ts';
import { formatAddress } from '../../names.ts';
import type { Session } from '../../operations/step.ts';
import { rbdSetMetadata, rbdSnapshot } from '../../tools/rbd/argv.ts';
import type { TemplateIdentity } from '../../templates/copies.ts';
import { isTakenOver } from '../../workspace/workspace.ts';
import type { Base } from '../driver.ts';
import { roundUp, sectorBytes } from '../../sizes.ts';
import type { Cluster } from './cluster.ts';
import { importContent } from './content.ts';
import {
  addressOf,
  draftName,
  removedName,
  templateImageName,
  templateSnapshotName,
} from './names.ts';
import { freeIfEmpty, ifThere, orAlready, protect, removeImage } from './remove.ts';
import { isAbsent } from './run-rbd.ts';

type TemplateBase = Extract<Base, { kind: 'template' }>;

/** For people and other tools: what an image of a template is. */
const metadataKey = 'platter.template';

function templateSpec({ templatePool }: Cluster, template: TemplateIdentity): string {
  return `${templatePool}/${templateImageName(template)}`;
}

export function templateSnapshotSpec(cluster: Cluster, template: TemplateIdentity): string {
  return `${templateSpec(cluster, template)}@${templateSnapshotName(template)}`;
}

/** What an operation makes of a template before it appears. */
export function templateDraft(cluster: Cluster, template: TemplateIdentity, id: string): string {
  return `${cluster.templatePool}/${draftName(templateImageName(template), id)}`;
}

/**
 * Afterwards the template is in the cluster. Those who share a directory wait for each other by a lock; those who share
 * nothing but the cluster see each other's drafts.
 */
export async function ensureTemplate(
  session: Session,
  cluster: Cluster,
  config: Config,
  base: TemplateBase,
): Promise<void> {
  const { host, signal, workspace } = session;
  const lock = await host.locks.acquire({
    directory: locksDirectory(config),
    name: `rbd~${templateImageName(base)}`,
    operation: `import template ${base.name} into the cluster`,
    waitMs: Infinity,
    signal,
    onWait: (holder) => host.events.emit({ type: 'waiting', lock: 'template in rbd', holder }),
  });
  try {
    await waitForOthers(session, cluster, base);
    if (await isThere(cluster, base)) return;
    const draft = templateDraft(cluster, base, workspace.id);
    await importTemplate(session, cluster, config, base, draft);
    await publishTemplate(session, cluster, base, draft);
  } finally {
    await lock.release();
  }
}

/** Between two of its steps whoever imports has nothing open: so many looks in a row have to find nobody. */
const looks = 3;
const pauseMs = 1000;

/** Waits while another host is importing the template: doing it twice does no harm, but is done for nothing. */
async function waitForOthers(
  { host, signal }: Session,
  cluster: Cluster,
  base: TemplateIdentity,
): Promise<void> {
  const prefix = templateDraft(cluster, base, '').slice(cluster.templatePool.length + 1);
  let idle = 0;
  while (idle < looks && !(await isThere(cluster, base))) {
    const names = await cluster.names(cluster.templatePool);
    const drafts = names.filter((name) => name.startsWith(prefix));
    if (drafts.length === 0) return;
    const isAlive = await anyOpen(cluster, drafts);
    idle = isAlive ? 0 : idle + 1;
    await host.clock.sleep(pauseMs, signal);
  }
}

async function anyOpen(cluster: Cluster, drafts: readonly string[]): Promise<boolean> {
  for (const draft of drafts) {
    try {
      const watchers = await cluster.watchers(`${cluster.templatePool}/${draft}`);
      if (watchers.length > 0) return true;
    } catch (error) {
      // Published or given up meanwhile.
      if (!isAbsent(error)) throw error;
    }
  }
  return false;
}

async function isThere(cluster: Cluster, base: TemplateIdentity): Promise<boolean> {
  const snapshot = await cluster.info(templateSnapshotSpec(cluster, base));
  return snapshot?.isProtected === true;
}

async function importTemplate(
  session: Session,
  cluster: Cluster,
  config: Config,
  base: TemplateBase,
  draft: string,
): Promise<void> {
  const { client } = cluster;
  const { image } = base;
  await importContent(session, cluster, config, draft, {
    image,
    sizeBytes: roundUp(image.virtualSizeBytes, sectorBytes),
  });
  await cluster.change(
    session,
    rbdSetMetadata(client, draft, metadataKey, metadataOf(base)),
    'mark the template',
  );
  await takeSnapshot(session, cluster, base, draft);
}

function metadataOf({ name, sha256 }: TemplateIdentity): string {
  return JSON.stringify({ name, sha256 });
}

/**
 * A template that has its name but not its snapshot: whoever took its maker for dead has removed that, and came too late
 * for the rest. Marked as it is, its content is whole. False for an image of somebody else.
 */
async function complete(session: Session, cluster: Cluster, base: TemplateBase): Promise<boolean> {
  const spec = templateSpec(cluster, base);
  if ((await cluster.metadata(spec, metadataKey)) !== metadataOf(base)) return false;
  await takeSnapshot(session, cluster, base, spec);
  return true;
}

async function takeSnapshot(
  session: Session,
  cluster: Cluster,
  base: TemplateIdentity,
  spec: string,
): Promise<void> {
  const snapshot = `${spec}@${templateSnapshotName(base)}`;
  const command = rbdSnapshot(cluster.client, 'create', snapshot);
  await orAlready(/File exists/, () =>
    cluster.change(session, command, 'take the snapshot of the template'),
  );
  await protect(session, cluster, snapshot);
}

/** The first one to give the name wins; what the others made is the same, and goes. */
async function publishTemplate(
  session: Session,
  cluster: Cluster,
  base: TemplateBase,
  draft: string,
): Promise<void> {
  const spec = templateSpec(cluster, base);
  try {
    await cluster.rename(session, draft, spec, 'publish the template');
  } catch (error) {
    if (!PlatterError.is(error) || error.code !== 'ALREADY_EXISTS') throw error;
    if (!(await isThere(cluster, base)) && !(await complete(session, cluster, base))) {
      // Another host may be faster again.
      if (await freeIfEmpty(session, cluster, spec)) {
        return publishTemplate(session, cluster, base, draft);
      }
      throw new PlatterError('ALREADY_EXISTS', 'an image of another origin has the name', {
        details: { image: spec },
        hint: 'nothing but platter gives such names: find out who did, and rename it',
        cause: error,
      });
    }
    await removeImage(session, cluster, draft);
  }
}

/** Images that lean on a template in the cluster: as addresses, where they are images of instances. */
export async function usersOfTemplate(
  cluster: Cluster,
  template: TemplateIdentity,
): Promise<readonly string[]> {
  try {
    const clones = await cluster.children(templateSnapshotSpec(cluster, template));
    return clones.map((clone) => {
      const isHere = clone.startsWith(`${cluster.pool}/`);
      const address = isHere ? addressOf(clone.slice(cluster.pool.length + 1)) : undefined;
      return address === undefined ? clone : formatAddress(address);
    });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** It loses its name first: whoever wants it from then on imports it anew. One that is leant on after all stays. */
export async function removeTemplate(
  session: Session,
  cluster: Cluster,
  template: TemplateIdentity,
  id: string,
): Promise<void> {
  const { templatePool } = cluster;
  const spec = templateSpec(cluster, template);
  const removed = `${templatePool}/${removedName(templateImageName(template), id)}`;
  let isHalfRenamed = false;
  // What bears the name alone was not made by platter.
  if (await isThere(cluster, template)) {
    try {
      await ifThere(() => cluster.rename(session, spec, removed, 'take the name of the template'));
    } catch (error) {
      // Nobody else has that name: an earlier rename was killed half-way, and rbd can neither finish nor undo it.
      if (!PlatterError.is(error) || error.code !== 'ALREADY_EXISTS') throw error;
      isHalfRenamed = true;
    }
  }
  try {
    if (isHalfRenamed) await removeImage(session, cluster, spec);
    await removeImage(session, cluster, removed);
    // A rename that was killed, now or when the template was published, has left it behind: rbd gives no name back twice.
    await freeIfEmpty(session, cluster, spec);
  } catch (error) {
    const { host, workspace } = session;
    if (id === workspace.id && (await isTakenOver(host.filesystem, workspace))) {
      // The template was removed while this process stood still, and what has lost its name since is another one.
      await ifThere(() =>
        cluster.rename(cluster.unguarded(session), removed, spec, 'give the name back'),
      );
      throw error;
    }
    if (!PlatterError.is(error) || error.code !== 'IN_USE') throw error;
    if (!isHalfRenamed) return cluster.rename(session, removed, spec, 'give the name back');
    // Else it is a client that has it open, such as a tool that hangs.
    if ((await cluster.children(spec, { all: true })).length === 0) throw error;
  }
}

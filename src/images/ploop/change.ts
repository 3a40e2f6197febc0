/**
 * Changes of a ploop disk by ploop's own commands, and yet as one atomic step.
 *
 * The command works in the workspace, on hard links to the disk's images and a descriptor of its own. What it makes
 * there is new deltas and a new descriptor; the images that are there already keep their content, but for a merge, which
 * writes into an older image what a newer one has over it, so that every state but the one that is being deleted reads
 * the same before, meanwhile and afterwards. Then the new deltas are linked into the disk's directory, and the
 * descriptor is renamed over the old one: that is the moment of the change. What is then not named by it any more goes.
 *
 * A deletion that was broken off is carried out again, and a growth that cannot be taken back; of the others only deltas
 * of no use are left, which are removed.
 */
import { isHostError, PlatterError } from '../../errors.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import type { Command } from '../../ports/executor.ts';
import type { Filesystem } from '../../ports/filesystem.ts';
import { ploopSnapshotDelete } from '../../tools/ploop/argv.ts';
import { listDirectory } from '../../workspace/area.ts';
import { exists, linkOnce, makeOwnDirectory, renameOnce, standsAt } from '../../workspace/once.ts';
import {
  imageOf,
  completeIntent,
  leftoverWorkspaces,
  writeIntent,
  unknownOperation,
  type Intent,
  type Workspace,
} from '../../workspace/workspace.ts';
import type { ImageFacts } from '../driver.ts';
import { formatDescriptor, type Descriptor } from './descriptor.ts';
import { descriptorPath, readDescriptor, requireNotMounted } from './disk.ts';
import { runPloop } from './run-ploop.ts';

const operations = ['grow', 'snapshot create', 'snapshot restore', 'snapshot delete'] as const;
type Operation = (typeof operations)[number];

export interface PloopChange {
  readonly description: string;
  /** Completes "cannot …". */
  readonly action: string;
  /** What recovery knows it by. */
  readonly operation: Operation;
  /** Of the snapshot. */
  readonly guid?: string;
  /** Of the disk, when it has grown. */
  readonly sizeBytes?: number;
  command(descriptor: string): Command;
  /** What ploop does not know: names of snapshots, and the size that a restored one brings back. */
  complete(made: Descriptor, before: Descriptor): Descriptor;
}

export function changeStep(facts: ImageFacts, change: PloopChange): Step {
  return {
    description: change.description,
    command: change.command(descriptorPath(facts.path)),
    async run(session) {
      const { host, workspace } = session;
      await requireNotMounted(host.filesystem, facts);
      await requireAlone(session);
      const { images } = await readDescriptor(host.filesystem, facts.path);
      await writeIntent(host.filesystem, workspace, {
        operation: change.operation,
        backend: 'ploop',
        startedAt: new Date(host.clock.now()).toISOString(),
        guid: change.guid,
        sizeBytes: change.sizeBytes,
        files: images.map(({ file }) => file),
      });
      await carryOut(session, workspace, facts.path, change);
      await completeIntent(host.filesystem, workspace);
    },
  };
}

/**
 * Whoever believes to have the same lock has a workspace too: of two at once, at least one sees the other's before either
 * has begun. Without that the descriptor of one would name images that the other takes for useless.
 */
async function requireAlone({ host, workspace }: Session): Promise<void> {
  const { directory, name, id } = workspace;
  const all = await leftoverWorkspaces(host.filesystem, directory, name);
  if (all.every((one) => one.id === id)) return;
  throw new PlatterError('LOCKED', `somebody else works on "${name}" too`, { hint: 'try again' });
}

async function carryOut(
  session: Session,
  workspace: Workspace,
  disk: string,
  change: Pick<PloopChange, 'action' | 'sizeBytes' | 'command' | 'complete'>,
): Promise<void> {
  const { filesystem } = session.host;
  const before = await readDescriptor(filesystem, disk);
  const bench = `${workspace.path}/bench`;
  await filesystem.removeTree(bench);
  await makeOwnDirectory(filesystem, bench);
  for (const { file } of before.images) {
    await linkOnce(filesystem, `${disk}/${file}`, `${bench}/${file}`);
  }
  await filesystem.createText(descriptorPath(bench), await formatDescriptor(before));
  await session.withSlot(() =>
    runPloop(session, bench, change.command(descriptorPath(bench)), {
      action: change.action,
      sizeBytes: Math.max(before.sizeBytes, change.sizeBytes ?? 0),
    }),
  );
  const made = change.complete(await readDescriptor(filesystem, bench), before);
  await switchTo(filesystem, workspace, { disk, bench, made });
  await sweep(filesystem, workspace, disk, made);
}

async function switchTo(
  filesystem: Filesystem,
  workspace: Workspace,
  { disk, bench, made }: { disk: string; bench: string; made: Descriptor },
): Promise<void> {
  for (const { file } of made.images) {
    await filesystem.sync(`${bench}/${file}`);
    await linkOnce(filesystem, `${bench}/${file}`, `${disk}/${file}`);
  }
  await filesystem.syncDirectory(disk);
  const draft = `${workspace.path}/descriptor`;
  await filesystem.removeTree(draft);
  await filesystem.createText(draft, await formatDescriptor(made));
  const isThere = standsAt(filesystem, descriptorPath(disk), await filesystem.stat(draft));
  await renameOnce(filesystem, draft, descriptorPath(disk), isThere);
  await filesystem.syncDirectory(disk);
}

/** As ploop names them; all else in the directory is not ours to remove. */
const delta = /^root\.hds\.\{[0-9a-f-]{36}\}$/;

/**
 * Takes away the deltas that the descriptor does not name: into the workspace, so that whoever has lost it takes away
 * nothing that somebody else has put there since.
 */
async function sweep(
  filesystem: Filesystem,
  workspace: Workspace,
  disk: string,
  { images }: Descriptor,
): Promise<void> {
  const useless = (await listDirectory(filesystem, disk)).filter(
    ({ name }) => delta.test(name) && !images.some(({ file }) => file === name),
  );
  if (useless.length === 0) return;
  const swept = `${workspace.path}/swept`;
  await filesystem.removeTree(swept);
  await makeOwnDirectory(filesystem, swept);
  for (const { name } of useless) {
    await renameOnce(filesystem, `${disk}/${name}`, `${swept}/${name}`);
  }
  // Else a power cut would bring them back, and nobody would look for them.
  await filesystem.syncDirectory(disk);
}

/** What is carried out again. */
interface Forward {
  readonly deletion: (guid: string) => PloopChange;
  readonly growth: (sizeBytes: number) => PloopChange;
}

/** Finishes or undoes a change that was broken off. */
export async function recoverChange(
  session: Session,
  leftover: Workspace,
  intent: Intent,
  { deletion, growth }: Forward,
): Promise<Outcome> {
  const operation = operations.find((known) => known === intent.operation);
  if (operation === undefined) throw unknownOperation(leftover, intent);
  const disk = `${leftover.directory}/${leftover.name}`;
  const { filesystem } = session.host;
  const descriptor = await readDescriptor(filesystem, disk).catch((error: unknown) => {
    if (isHostError(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  });
  if (descriptor === undefined) return 'undone';
  if (leftover.path !== session.workspace.path) await awaitOrphan(session, leftover);
  const guid = String(intent['guid']);
  const shot = descriptor.shots.find((one) => one.guid === guid);
  const address = imageOf(leftover);
  // A machine may have been started since.
  const requireFree = () => requireNotMounted(filesystem, { address, path: disk });
  switch (operation) {
    case 'snapshot delete':
      // Merged in part, it is not what it was: there is only the way forward.
      if (shot !== undefined && !shot.isTemporary) {
        await requireFree();
        await carryOut(session, leftover, disk, deletion(guid));
      } else {
        await sweep(filesystem, leftover, disk, descriptor);
      }
      return 'finished';
    case 'snapshot create':
      await sweep(filesystem, leftover, disk, descriptor);
      return shot === undefined ? 'undone' : 'finished';
    case 'snapshot restore':
      await sweep(filesystem, leftover, disk, descriptor);
      // It puts a new image on top.
      return isSame(intent['files'], descriptor) ? 'undone' : 'finished';
    case 'grow': {
      const sizeBytes = Number(intent['sizeBytes']);
      if (descriptor.sizeBytes >= sizeBytes) return 'finished';
      await requireFree();
      if (await cutBack(filesystem, leftover, disk, descriptor)) return 'undone';
      await carryOut(session, leftover, disk, growth(sizeBytes));
      return 'finished';
    }
  }
}

/**
 * The ploop of a process that died may still be at work, on images that are the disk's: what it writes later would go over
 * what was written since. It has the lock of its descriptor, and whoever asks ploop for anything there waits for that.
 */
async function awaitOrphan(session: Session, { path }: Workspace): Promise<void> {
  const bench = `${path}/bench`;
  const descriptor = descriptorPath(bench);
  if (!(await exists(session.host.filesystem, descriptor))) return;
  await runPloop(session, bench, ploopSnapshotDelete(descriptor, noSnapshot), {
    action: 'wait for another ploop',
    sizeBytes: 0,
    succeeds: ({ exitCode }) => exitCode !== null,
  });
}

/** Of none: ploop says so, and does nothing. */
const noSnapshot = '00000000-0000-0000-0000-000000000000';

function isSame(files: unknown, { images }: Descriptor): boolean {
  return Array.isArray(files) && files.join('\n') === images.map(({ file }) => file).join('\n');
}

/**
 * A raw image that was lengthened, and is not to be: the space that this took is given back. False for any other: those say
 * themselves how large they are, and ploop grows none to less (grow.json), so that there is only the way forward.
 *
 * By a name in the workspace: whoever stood still after the look, and was taken for dead, would cut off by the disk's own
 * what somebody else has grown meanwhile.
 */
async function cutBack(
  filesystem: Filesystem,
  { path }: Workspace,
  disk: string,
  { images, sizeBytes }: Descriptor,
): Promise<boolean> {
  const [only, ...others] = images;
  if (only?.type !== 'Plain' || others.length > 0) return false;
  // Not the one on the bench, which a power cut may have taken.
  const link = `${path}/cut`;
  await linkOnce(filesystem, `${disk}/${only.file}`, link);
  if ((await filesystem.stat(link)).sizeBytes > sizeBytes) {
    await filesystem.truncate(link, sizeBytes);
    await filesystem.sync(link);
  }
  return true;
}

/** Changes images in the cluster where they stand, and finds out what became of changes that were broken off. */
import { PlatterError } from '../../errors.ts';
import { formatAddress } from '../../names.ts';
import type { Outcome } from '../../operations/perform.ts';
import type { Session, Step } from '../../operations/step.ts';
import { rbdFlatten, rbdResize, rbdRollBack, rbdSnapshot } from '../../tools/rbd/argv.ts';
import type { Intent } from '../../workspace/workspace.ts';
import type { ImageFacts, SnapshotFacts } from '../driver.ts';
import type { Cluster } from './cluster.ts';
import { inPlaceStep } from './in-place.ts';
import { imageNameOf } from './names.ts';
import { busyMs, orAlready, removeSnapshot, requireNotOpen } from './remove.ts';
import { isAbsent } from './run-rbd.ts';

export function specOf({ pool }: Cluster, { address }: Pick<ImageFacts, 'address'>): string {
  return `${pool}/${imageNameOf(address)}`;
}

/** Also while a virtual machine runs on it. */
export function growStep(cluster: Cluster, facts: ImageFacts, sizeBytes: number): Step {
  const image = specOf(cluster, facts);
  const command = rbdResize(cluster.client, image, sizeBytes);
  return inPlaceStep({
    description: `grow it to ${sizeBytes} bytes`,
    command,
    intent: { operation: 'resize', image, sizeBytes },
    change: (session) => cluster.change(session, command, 'grow the image'),
  });
}

/** B103; what was begun and broken off is as good as not begun, until the parent has let go of it. */
export function flattenSteps(cluster: Cluster, facts: ImageFacts): readonly Step[] {
  if (facts.backing === null) return [];
  const image = specOf(cluster, facts);
  const command = rbdFlatten(cluster.client, image);
  return [
    inPlaceStep({
      description: `copy what it leans on from ${facts.backing}`,
      command,
      bytes: facts.virtualSizeBytes,
      intent: { operation: 'flatten', image },
      change: (session) =>
        orAlready(/image has no parent/, () =>
          cluster.copy(session, command, {
            action: 'flatten the image',
            bytes: facts.virtualSizeBytes,
          }),
        ),
    }),
  ];
}

export function createSnapshotStep(cluster: Cluster, facts: ImageFacts, name: string): Step {
  const image = specOf(cluster, facts);
  const command = rbdSnapshot(cluster.client, 'create', `${image}@${name}`);
  return inPlaceStep({
    description: `take snapshot ${name}`,
    command,
    intent: { operation: 'create snapshot', image, name },
    change: (session) => cluster.change(session, command, 'take the snapshot'),
  });
}

/** Protected or not; IN_USE when it has clones. */
export function deleteSnapshotStep(
  cluster: Cluster,
  facts: ImageFacts,
  { id, name }: SnapshotFacts,
): Step {
  const image = specOf(cluster, facts);
  return inPlaceStep({
    description: `unprotect snapshot ${name}, and remove it`,
    command: rbdSnapshot(cluster.client, 'rm', `${image}@${name}`),
    intent: { operation: 'delete snapshot', image, name, snapshotId: id },
    require: () => requireNoClones(cluster, facts, `${image}@${name}`),
    change: (session) => removeIfThere(session, cluster, image, id),
  });
}

async function requireNoClones(cluster: Cluster, { address }: ImageFacts, snapshot: string) {
  const clones = await cluster.children(snapshot);
  if (clones.length > 0) throw hasClones(formatAddress(address), clones);
}

export function hasClones(name: string, clones: readonly string[]): PlatterError {
  return new PlatterError('IN_USE', `${name} is in use: images lean on it`, {
    details: { usedBy: clones },
    hint: `flatten or delete ${clones.join(', ')} first`,
  });
}

/** By its id: another one may have its name by now. */
async function removeIfThere(session: Session, cluster: Cluster, image: string, id: string) {
  const snapshot = (await cluster.snapshots(image)).find((known) => known.id === id);
  if (snapshot !== undefined) await removeSnapshot(session, cluster, image, snapshot);
}

/** Brings back content and size; rbd keeps the snapshot, and those that are younger. */
export function restoreSnapshotStep(
  cluster: Cluster,
  facts: ImageFacts,
  { name, sizeBytes }: SnapshotFacts,
): Step {
  const image = specOf(cluster, facts);
  const command = rbdRollBack(cluster.client, `${image}@${name}`);
  return inPlaceStep({
    description: `bring back snapshot ${name}`,
    command,
    bytes: sizeBytes,
    intent: { operation: 'restore snapshot', image, name },
    require: (session) => requireNotOpen(session, cluster, image),
    change: (session) =>
      cluster.rewrite(session, command, {
        action: 'bring back the snapshot',
        bytes: Math.max(sizeBytes, facts.virtualSizeBytes),
      }),
  });
}

type Recovery = (session: Session, cluster: Cluster, intent: Intent) => Promise<boolean>;

/** What tells whether a change came about; a restore and a removal are carried through, for there is no way back. */
const recoveries: Readonly<Record<string, Recovery>> = {
  async resize(_, cluster, intent) {
    const info = await cluster.info(String(intent['image']));
    return info !== undefined && info.sizeBytes >= Number(intent['sizeBytes']);
  },
  async flatten(session, cluster, intent) {
    const image = String(intent['image']);
    const info = await cluster.info(image);
    if (info === undefined) return false;
    if (info.parent === undefined) return true;
    const { pool, image: parent, snapshot } = info.parent;
    const known = await cluster.children(`${pool}/${parent}@${snapshot}`);
    if (known.includes(image)) return false;
    // Its parent does not know it any more and can be removed: it must not go on leaning on that.
    await cluster.copy(session, rbdFlatten(cluster.client, image), {
      action: 'finish flattening the image',
      bytes: info.sizeBytes,
    });
    return true;
  },
  'create snapshot': (_, cluster, intent) => isThere(cluster, intent),
  async 'delete snapshot'(session, cluster, intent) {
    try {
      await removeIfThere(session, cluster, String(intent['image']), String(intent['snapshotId']));
      return true;
    } catch (error) {
      // It has clones since.
      if (PlatterError.is(error) && error.code === 'IN_USE') return false;
      throw error;
    }
  },
  async 'restore snapshot'(session, cluster, intent) {
    const snapshot = await cluster.info(snapshotOf(intent));
    if (snapshot === undefined) return false;
    // A machine may have been started on it meanwhile: it would lose what it has under it.
    await requireNotOpen(session, cluster, String(intent['image']), busyMs);
    await cluster.rewrite(session, rbdRollBack(cluster.client, snapshotOf(intent)), {
      action: 'finish bringing back the snapshot',
      bytes: snapshot.sizeBytes,
    });
    return true;
  },
};

function snapshotOf(intent: Intent): string {
  return `${String(intent['image'])}@${String(intent['name'])}`;
}

async function isThere(cluster: Cluster, intent: Intent): Promise<boolean> {
  return (await cluster.info(snapshotOf(intent))) !== undefined;
}

/** Undefined when the intent is another's. */
export async function recoverChange(
  session: Session,
  cluster: Cluster,
  intent: Intent,
): Promise<Outcome | undefined> {
  const recovery = recoveries[intent.operation];
  if (recovery === undefined) return undefined;
  try {
    return (await recovery(session, cluster, intent)) ? 'finished' : 'undone';
  } catch (error) {
    // The image itself is gone, and all that was to become of it.
    if (isAbsent(error)) return 'undone';
    throw error;
  }
}

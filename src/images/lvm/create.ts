/** Makes disks that are volumes: a snapshot in a thin pool where that will do, else a volume that content is copied to. */
import { formatAddress } from '../../names.ts';
import type { Session, Step } from '../../operations/step.ts';
import type { Command } from '../../ports/executor.ts';
import { roundUp } from '../../sizes.ts';
import {
  activate,
  createPool,
  createThick,
  createThin,
  createThinSnapshot,
  lvextend,
  lvrename,
  lvs,
} from '../../tools/lvm/argv.ts';
import { parseLvs, type VolumeGroup } from '../../tools/lvm/report.ts';
import { publishRecord } from '../../workspace/publish.ts';
import type { CreateOrder, ImageFacts, Making } from '../driver.ts';
import { recordOf } from '../image-record.ts';
import { openMap, secretOf } from './crypt.ts';
import { keyTags, newKey, taggedKey, type DiskKey } from './disk-key.ts';
import { factsOf } from './facts.ts';
import { fillVolume, type VolumeKind } from './fill.ts';
import { begin } from './intent.ts';
import {
  privateName,
  sparsePoolName,
  tag,
  tagOf,
  templateVolumeName,
  volumeName,
} from './names.ts';
import {
  requireGroupRoom,
  requirePool,
  requirePoolRoom,
  requireZeroing,
  volumeNamed,
  type Place,
} from './place.ts';
import { changeVolumes, commandLines } from './run.ts';
import { findTemplateVolume, importTemplateStep } from './template-volume.ts';

/** What a new disk is known to be when it is planned. */
interface Draft {
  readonly place: Place;
  readonly group: VolumeGroup;
  readonly order: CreateOrder;
  /** Undefined where the disk is not encrypted. */
  readonly key: DiskKey | undefined;
}

export async function planVolume(
  place: Place,
  group: VolumeGroup,
  order: CreateOrder,
): Promise<Making> {
  const key = keyFor(place, group, order);
  // A missing key is told before anything is made (B070).
  if (key !== undefined) await secretOf(place, key.id);
  const draft = { place, group, order, key };
  const origin = await sharedOrigin(draft, group);
  return origin === undefined ? planCopy(draft, group) : planSnapshot(draft, origin);
}

/** A copy of an encrypted disk is encrypted as that is, for what is copied is the encrypted content. */
function keyFor(place: Place, group: VolumeGroup, { base, keyId }: CreateOrder) {
  const copied = base.kind === 'snapshot' ? volumeNamed(group, base.snapshot.id) : undefined;
  const inherited = copied && taggedKey(place, copied);
  const { enabled } = place.config.encryption;
  return inherited ?? (enabled && keyId !== undefined ? newKey(place, keyId) : undefined);
}

interface Origin {
  readonly name: string;
  readonly sizeBytes: number;
  readonly steps: readonly Step[];
  readonly what: string;
}

/** The thin volume that the new disk can share its data with, if there is one. */
async function sharedOrigin(draft: Draft, group: VolumeGroup): Promise<Origin | undefined> {
  const { place, order, key } = draft;
  const { base } = order;
  if (base.kind === 'snapshot') {
    const volume = volumeNamed(group, base.snapshot.id);
    if (volume?.kind !== 'thin' || tagOf(volume, 'key') !== key?.id) return undefined;
    // What is added to an encrypted disk has to be written, or it reads as noise.
    if (key !== undefined && order.sizeBytes > volume.sizeBytes) return undefined;
    const what = `snapshot ${base.snapshot.name}`;
    return { name: volume.name, sizeBytes: volume.sizeBytes, steps: [], what };
  }
  const { thinPool } = place.config.lvm;
  if (base.kind !== 'template' || thinPool === undefined || key !== undefined) return undefined;
  const pool = requirePool(group, thinPool);
  requireZeroing(pool, place.config.lvm.volumeClear);
  requirePoolRoom(pool, 0);
  const known = findTemplateVolume(group, thinPool, base);
  if (known === undefined) {
    const { allocatedBytes } = await place.host.filesystem.stat(base.image.path);
    requirePoolRoom(pool, allocatedBytes);
  }
  return {
    name: templateVolumeName(base.sha256, thinPool),
    sizeBytes: roundUp(base.image.virtualSizeBytes, group.extentBytes),
    steps: known === undefined ? [importTemplateStep(place, thinPool, base)] : [],
    what: `template ${base.name}`,
  };
}

function beginStep({ order, group }: Draft): Step {
  return {
    description: 'write down what is about to be made',
    run: (session) => begin(session, group, 'lvm create', { ...order.address }),
  };
}

/** Tags of the new disk: first the operation's own, by which it is found when all others are missing yet. */
function tagsOf({ order, key }: Draft, { workspace }: Session): readonly string[] {
  return [tag('made', workspace.id), tag('image', formatAddress(order.address)), ...keyTags(key)];
}

/** One process where the size is right, two where the disk has to grow before it is published. */
function planSnapshot(draft: Draft, origin: Origin): Making {
  const { place, order } = draft;
  const { group } = place;
  const snapshot = (session: Session): readonly Command[] =>
    createThinSnapshot({
      group,
      name: privateName(session.workspace.id),
      tags: tagsOf(draft, session),
      origin: origin.name,
      permission: 'rw',
    });
  const larger = order.sizeBytes > origin.sizeBytes;
  const publish = publishing(draft, (session) =>
    larger
      ? [lvextend(group, privateName(session.workspace.id), order.sizeBytes)]
      : snapshot(session),
  );
  const making: Step = {
    description: `make a thin snapshot of ${origin.what}`,
    async run(session) {
      session.method = 'thin snapshot';
      if (!larger) return;
      await changeVolumes(place, session, session.workspace, {
        action: 'make a thin snapshot',
        commands: snapshot(session),
      });
    },
  };
  return { steps: [beginStep(draft), ...origin.steps, making, publish.step], made: publish.made };
}

async function planCopy(draft: Draft, group: VolumeGroup): Promise<Making> {
  const { place, order, key } = draft;
  const volume = await volumeMaker(draft, group);
  const publish = publishing(draft, () => []);
  const steps: Step[] = [
    beginStep(draft),
    {
      description: `make a ${volume.kind} volume of ${order.sizeBytes} bytes`,
      async run(session) {
        session.method = order.base.kind === 'blank' ? 'blank' : 'convert';
        await changeVolumes(place, session, session.workspace, {
          action: 'make the volume',
          commands: volume.commands(session),
        });
      },
    },
    {
      description: 'write its content, and zeros where it has none',
      bytes: order.sizeBytes,
      async run(session) {
        const sized = { ...order, sizeBytes: finalSize(order, group.extentBytes) };
        await fillVolume(place, session, { order: sized, key, kind: volume.kind });
      },
    },
    publish.step,
  ];
  return { steps, made: publish.made };
}

/** What a function has written tells the size where none was asked for: then it is known only now. */
function finalSize({ base, sizeBytes }: CreateOrder, extentBytes: number): number {
  if (sizeBytes > 0 || base.kind !== 'private file') return sizeBytes;
  return roundUp(base.image().virtualSizeBytes, extentBytes);
}

interface VolumeMaker {
  readonly kind: VolumeKind;
  commands(session: Session): readonly Command[];
}

async function volumeMaker(draft: Draft, group: VolumeGroup): Promise<VolumeMaker> {
  const { place, order, key } = draft;
  const { thinPool, sparse } = place.config.lvm;
  const { sizeBytes } = order;
  const volume = (session: Session) => ({
    group: place.group,
    name: privateName(session.workspace.id),
    tags: tagsOf(draft, session),
    sizeBytes: finalSize(order, group.extentBytes),
  });
  if (thinPool !== undefined) {
    const pool = requirePool(group, thinPool);
    requireZeroing(pool, place.config.lvm.volumeClear);
    // All of an encrypted disk is written, also what reads as zeros; of others nobody knows how much is.
    requirePoolRoom(pool, key === undefined ? 0 : sizeBytes);
    const commands = (session: Session) => createThin({ ...volume(session), pool: thinPool });
    return { kind: 'thin', commands };
  }
  if (!sparse || key !== undefined) {
    requireGroupRoom(group, sizeBytes);
    return { kind: 'thick', commands: (session) => createThick(volume(session)) };
  }
  const poolBytes = roundUp(sparseBytes + (await contentBytes(place, order)), group.extentBytes);
  requireGroupRoom(group, poolBytes);
  const commands = (session: Session) => {
    const { id } = session.workspace;
    const pool = { group: place.group, name: sparsePoolName(id), tags: [tag('made', id)] };
    const wanted = volume(session);
    // What a function writes may take all of its size.
    const received = order.base.kind === 'private file' ? sparseBytes + wanted.sizeBytes : 0;
    return [
      ...createPool({ ...pool, sizeBytes: Math.max(poolBytes, received) }),
      ...createThin({ ...wanted, pool: pool.name }),
    ];
  };
  return { kind: 'sparse', commands };
}

/** What a sparse volume has for its guest at first (B075). */
const sparseBytes = 64 * 1024 * 1024;

/** The most that the first content can take. */
async function contentBytes({ host }: Place, { base, sizeBytes }: CreateOrder): Promise<number> {
  if (base.kind === 'blank') return 0;
  if (base.kind !== 'template' || base.image.format !== 'raw') return sizeBytes;
  return (await host.filesystem.stat(base.image.path)).allocatedBytes;
}

/** The rename is the moment in which the disk is there; its record goes before. */
function publishing(draft: Draft, before: (session: Session) => readonly Command[]) {
  const { place, order, key } = draft;
  const { group } = place;
  const name = volumeName(order.address);
  let made: ImageFacts | undefined;
  const step: Step = {
    description: `publish it: ${commandLines([lvrename(group, 'platter-part-…', name)])}`,
    async run(session) {
      const { host, workspace } = session;
      const store = { name: group, uuid: draft.group.uuid };
      const record = recordOf(session, order, { type: 'lvm', format: 'raw', store });
      await publishRecord(host.filesystem, workspace, record);
      const commands = [
        ...before(session),
        lvrename(group, privateName(workspace.id), name),
        activate(group, name),
        lvs(group),
      ];
      const stdout = await changeVolumes(place, session, workspace, {
        action: 'make the disk',
        commands,
      });
      if (key !== undefined) await openMap(place, session, name, key);
      const found = parseLvs(stdout);
      const recorded = { id: workspace.id, content: record };
      made =
        found &&
        factsOf(found, order.address, { record: recorded, isEncrypted: key !== undefined });
    },
  };
  return { step, made: () => made };
}

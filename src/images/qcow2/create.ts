/** Makes a qcow2 disk of whatever an image can be made of. */
import type { Config } from '../../config/config.ts';
import { PlatterError } from '../../errors.ts';
import { managed, ofDisk, type ProvenImage } from '../../ingress/proven.ts';
import type { ToolFormat } from '../../inspector/inspect.ts';
import { formatAddress } from '../../names.ts';
import { convertImage, runQemuImg } from '../../operations/run-qemu-img.ts';
import type { Session, Step } from '../../operations/step.ts';
import type { Command } from '../../ports/executor.ts';
import { qemuImgCreate, qemuImgCreateOverlay } from '../../tools/qemu-img/argv.ts';
import type { ConvertOptions } from '../../tools/qemu-img/argv.ts';
import { formatExactSize, formatSize } from '../../sizes.ts';
import { requireInPlace } from '../../templates/lookup.ts';
import type { CreateOrder, Making } from '../driver.ts';
import { planGrowth, runGrowth } from '../files/growth.ts';
import { draftPath, makingOf, type NewContent } from '../files/publish-image.ts';
import { describeQcow2 } from '../files/qcow2-state.ts';
import { requireSameSnapshot, snapshotContent } from './snapshot-content.ts';

export async function planQcow2(
  session: Session,
  config: Config,
  order: CreateOrder,
): Promise<Making> {
  const steps = await contentSteps(session, config, order);
  return makingOf(
    config,
    order,
    { type: 'qcow2', format: 'qcow2' },
    { steps, content: () => newContent(order) },
  );
}

/** What qemu-img was told to make; what it converted has to be looked at. */
function newContent({ base, sizeBytes }: CreateOrder): NewContent | undefined {
  if (base.kind === 'blank') return { virtualSizeBytes: sizeBytes, backing: null };
  if (base.kind !== 'template') return undefined;
  return { virtualSizeBytes: sizeBytes, backing: base.image.path };
}

async function contentSteps(
  session: Session,
  config: Config,
  order: CreateOrder,
): Promise<readonly Step[]> {
  const { base, sizeBytes } = order;
  const draft = draftPath(session);
  switch (base.kind) {
    case 'blank':
      requireFits(sizeBytes);
      return [toolStep('make an empty qcow2', qemuImgCreate(draft, 'qcow2', sizeBytes), 'blank')];
    case 'template': {
      const { name, image, fileSizeBytes } = base;
      await requireInPlace(session.host, { ...image, name, fileSizeBytes });
      const clusterSizeBytes = await clusterSizeOf(session, image);
      requireFits(sizeBytes, clusterSizeBytes);
      const command = qemuImgCreateOverlay(draft, image, sizeBytes, clusterSizeBytes);
      return [toolStep(`make an overlay on template ${name}`, command, 'overlay')];
    }
    case 'private file':
      return [
        convertStep(
          config,
          'convert the file to qcow2',
          async () => ({
            source: base.image(),
            target: draft,
            targetFormat: 'qcow2',
          }),
          sizeBytes === 0 ? null : sizeBytes,
        ),
        growStep(sizeBytes),
      ];
    case 'snapshot': {
      const { origin, snapshot } = base;
      const backing = await backingImage(session, origin.path);
      return [
        convertStep(
          config,
          `copy snapshot ${snapshot.name}`,
          async (current) => ({
            ...(await snapshotContent(current, config, origin, snapshot)),
            target: draft,
            targetFormat: 'qcow2',
            backing,
          }),
          snapshot.sizeBytes,
        ),
        {
          description: `make sure that ${formatAddress(origin.address)} is as it was`,
          run: (current) => requireSameSnapshot(current, origin, snapshot),
        },
        growStep(sizeBytes),
      ];
    }
  }
}

/** qemu reads no L1 table of more than 32 MiB; its entries, and those of the tables that they name, have 8 bytes. */
const l1EntriesMost = (32 * 1024 * 1024) / 8;

function requireFits(sizeBytes: number, clusterSizeBytes = 64 * 1024): void {
  const mostBytes = l1EntriesMost * (clusterSizeBytes / 8) * clusterSizeBytes;
  if (sizeBytes <= mostBytes) return;
  const clusters = `clusters of ${formatSize(clusterSizeBytes)}`;
  throw new PlatterError(
    'INVALID_ARGUMENT',
    `the size ${formatExactSize(sizeBytes)} is too large: a qcow2 with ${clusters} holds ${formatSize(mostBytes)} at most`,
    { details: { sizeBytes, mostBytes, clusterSizeBytes }, hint: 'ask for less' },
  );
}

/** The overlay's clusters are as large as its base's (B055). */
async function clusterSizeOf(session: Session, image: ProvenImage): Promise<number | undefined> {
  if (image.format !== 'qcow2') return undefined;
  return (await describeQcow2(session.host.filesystem, image.path)).clusterSizeBytes;
}

/** A copy of a snapshot leans on what its origin leans on; what they share is not copied. */
async function backingImage(session: Session, path: string): Promise<ProvenImage | undefined> {
  const { backing, backingFormat } = await describeQcow2(session.host.filesystem, path);
  if (backing === null || backingFormat === null) return undefined;
  return managed(backing, backingFormat as ToolFormat, 0);
}

function toolStep(description: string, command: Command, method: string): Step {
  return {
    description,
    command,
    async run(session) {
      await runQemuImg(session, command, { action: 'make the disk', effect: 'private' });
      session.method = method;
    },
  };
}

function convertStep(
  config: Config,
  description: string,
  options: (session: Session) => Promise<ConvertOptions>,
  bytes: number | null,
): Step {
  return {
    description,
    bytes,
    async run(session) {
      await convertImage(session, await options(session), config.limits);
      session.method = 'convert';
    },
  };
}

function growStep(sizeBytes: number): Step {
  return {
    description: `make it ${formatExactSize(sizeBytes)}`,
    async run(session) {
      const path = draftPath(session);
      const { filesystem } = session.host;
      const { virtualSizeBytes, backing } = await describeQcow2(filesystem, path);
      if (virtualSizeBytes >= sizeBytes) return;
      const image = ofDisk(path, 'qcow2', virtualSizeBytes, backing);
      const growth = await planGrowth(filesystem, image, sizeBytes, { hasOwnTables: true });
      await runGrowth(session, image, growth, 'private');
    },
  };
}

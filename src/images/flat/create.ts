/** Makes a flat file of whatever an image can be made of. */
import { assert, PlatterError } from '../../errors.ts';
import type { Config } from '../../config/config.ts';
import { stored, type ProvenImage } from '../../ingress/proven.ts';
import { convertImage } from '../../operations/run-qemu-img.ts';
import type { Session, Step } from '../../operations/step.ts';
import type { ToolFormat } from '../../inspector/inspect.ts';
import type { CreateOrder, Making, SnapshotFacts } from '../driver.ts';
import { copyFile } from '../files/copy.ts';
import { runGrowth } from '../files/growth.ts';
import { draftFile, draftPath, makingOf } from '../files/publish-image.ts';
import { formatExactSize, roundUp, sectorBytes } from '../../sizes.ts';
import { describeQcow2 } from '../files/qcow2-state.ts';
import { sizeOf, snapshotFile } from './snapshots.ts';
import { renameOnce } from '../../workspace/once.ts';

export function planFlat(config: Config, order: CreateOrder): Making {
  const format = formatOf(config, order);
  return makingOf(
    config,
    order,
    { type: 'flat', format },
    {
      steps: [contentStep(config, order, format), growStep(order, format)],
      content: (fileBytes) =>
        format === 'raw' ? { virtualSizeBytes: fileBytes, backing: null } : undefined,
    },
  );
}

/** Raw, unless the template's format is to be kept (B040). */
function formatOf(config: Config, { base }: CreateOrder): ToolFormat {
  if (base.kind === 'snapshot') return base.origin.format as ToolFormat;
  const keeps = config.forceRawImages === false && base.kind === 'template';
  return keeps ? base.image.format : 'raw';
}

function contentStep(config: Config, order: CreateOrder, format: ToolFormat): Step {
  const { base, address } = order;
  switch (base.kind) {
    case 'blank':
      return {
        description: 'make an empty file',
        async run(session) {
          const handle = await session.host.filesystem.open(draftPath(session), 'create', 0o644);
          await handle.close();
          session.method = 'blank';
        },
      };
    case 'template':
      return base.image.format === format
        ? copyStep(base.image.path, base.fileSizeBytes, 'the template')
        : convertStep(config, () => base.image, 'the template', base.image.virtualSizeBytes);
    case 'private file':
      return base.format === 'raw'
        ? { description: 'take the file as it is', run: takeContent }
        : convertStep(
            config,
            base.image,
            'the file',
            order.sizeBytes === 0 ? null : order.sizeBytes,
          );
    case 'snapshot':
      return {
        description: `reflink snapshot ${base.snapshot.name} of ${base.origin.address.instance}/${base.origin.address.disk}, else copy it without its holes`,
        bytes: base.snapshot.sizeBytes,
        async run(session) {
          const { filesystem } = session.host;
          const source = await snapshotFile(
            filesystem,
            config,
            base.origin.address,
            base.snapshot.name,
          );
          session.method = await copyFile(session, source, draftPath(session));
          await requireSize(session, draftPath(session), format, base.snapshot);
          await filesystem.setPermissions(draftPath(session), 0o644);
        },
      };
  }
  assert(false, `no way to make ${address.disk}`);
}

/** The origin is not locked: its snapshot can have been removed and another one taken by its name. */
async function requireSize(
  { host: { filesystem } }: Session,
  path: string,
  format: ToolFormat,
  { name, sizeBytes }: SnapshotFacts,
): Promise<void> {
  if ((await sizeOf(filesystem, path, format)) === sizeBytes) return;
  throw new PlatterError('LOCKED', `snapshot "${name}" was replaced while it was copied`, {
    hint: 'try again',
  });
}

function copyStep(source: string, bytes: number, what: string): Step {
  return {
    description: `reflink ${what}, else copy it without its holes`,
    bytes,
    async run(session) {
      session.method = await copyFile(session, source, draftPath(session));
      // A copy of a read-only template is not read-only.
      await session.host.filesystem.setPermissions(draftPath(session), 0o644);
    },
  };
}

function convertStep(
  config: Config,
  source: () => ProvenImage,
  what: string,
  bytes: number | null,
): Step {
  return {
    description: `convert ${what} to raw`,
    bytes,
    async run(session) {
      const target = draftPath(session);
      await convertImage(session, { source: source(), target, targetFormat: 'raw' }, config.limits);
      session.method = 'convert';
    },
  };
}

async function takeContent(session: Session): Promise<void> {
  const { host, workspace } = session;
  await renameOnce(host.filesystem, `${workspace.path}/content`, `${workspace.path}/${draftFile}`);
  session.method = 'received';
}

/** Raw files grow by their length alone; a kept format by its tool. */
function growStep({ sizeBytes }: CreateOrder, format: ToolFormat): Step {
  return {
    description: `make it ${formatExactSize(sizeBytes)}`,
    async run(session) {
      const path = draftPath(session);
      if (format === 'raw') return growRaw(session, path, sizeBytes);
      const { virtualSizeBytes } = await describeQcow2(session.host.filesystem, path);
      if (virtualSizeBytes >= sizeBytes) return undefined;
      // A copy of the template as it is: its tables are what came with it.
      const image = stored(path, format, virtualSizeBytes);
      const growth = { sizeBytes, opensChain: false, isContained: true };
      return runGrowth(session, image, growth, 'private');
    },
  };
}

async function growRaw(session: Session, path: string, sizeBytes: number): Promise<void> {
  const { filesystem } = session.host;
  const stat = await filesystem.stat(path);
  const target = Math.max(sizeBytes, roundUp(stat.sizeBytes, sectorBytes));
  if (stat.sizeBytes < target) await filesystem.truncate(path, target);
}

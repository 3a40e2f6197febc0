/** Makes a ploop disk of whatever an image can be made of (B120-B123): always with a raw image. */
import type { Config } from '../../config/config.ts';
import { imagePath } from '../../config/layout.ts';
import { PlatterError } from '../../errors.ts';
import type { ProvenImage } from '../../ingress/proven.ts';
import { convertImage } from '../../operations/run-qemu-img.ts';
import type { Session, Step } from '../../operations/step.ts';
import { publish } from '../../workspace/publish.ts';
import { makeOwnDirectory, renameOnce } from '../../workspace/once.ts';
import type { CreateOrder } from '../driver.ts';
import { roundUp } from '../../sizes.ts';
import { copyFile } from '../files/copy.ts';
import { reserveSpace } from '../files/publish-image.ts';
import { recordOf } from '../image-record.ts';
import { privateContent } from './content.ts';
import { baseFile, blockBytes, formatDescriptor, newDescriptor } from './descriptor.ts';
import { descriptorPath } from './disk.ts';

const draft = 'disk';

/** What the format of ploop's deltas has room for where the kernel tells nothing else (recorded of 1.15). */
const sizeMostBytes = 1024 ** 4;

export function createPloopSteps(config: Config, order: CreateOrder): readonly Step[] {
  checkSize(order.sizeBytes);
  return [contentStep(config, order), sizeStep(config, order), publishStep(config, order)];
}

function checkSize(sizeBytes: number): void {
  if (sizeBytes <= sizeMostBytes) return;
  throw new PlatterError('INVALID_ARGUMENT', 'ploop disks have at most 1 TiB', {
    details: { sizeBytes, mostBytes: sizeMostBytes },
    hint: 'use another backend for larger ones',
  });
}

/** What a function has written tells the size where none was asked for: then it is known only now. */
function finalSize({ base, sizeBytes }: CreateOrder): number {
  if (sizeBytes > 0 || base.kind !== 'private file') return sizeBytes;
  return roundUp(base.image().virtualSizeBytes, blockBytes);
}

const draftPath = ({ workspace }: Session) => `${workspace.path}/${draft}`;
const basePath = (session: Session) => `${draftPath(session)}/${baseFile}`;

function draftStep(description: string, make: (session: Session) => Promise<void>): Step {
  return {
    description,
    async run(session) {
      await makeOwnDirectory(session.host.filesystem, draftPath(session));
      await make(session);
      await session.host.filesystem.setPermissions(basePath(session), 0o644);
    },
  };
}

function contentStep(config: Config, { base }: CreateOrder): Step {
  const convert = async (session: Session, source: ProvenImage) => {
    const options = { source, target: basePath(session), targetFormat: 'raw' };
    await convertImage(session, options, config.limits);
    session.method = 'convert';
  };
  switch (base.kind) {
    case 'blank':
      return draftStep('make an empty image', async (session) => {
        await session.host.filesystem.createText(basePath(session), '', { isDurable: false });
        session.method = 'blank';
      });
    case 'template':
      return {
        ...draftStep(`copy template ${base.name}`, async (session) => {
          if (base.image.format !== 'raw') return convert(session, base.image);
          session.method = await copyFile(session, base.image.path, basePath(session));
        }),
        bytes: base.fileSizeBytes,
      };
    case 'private file':
      return draftStep('take the content of the file', async (session) => {
        if (base.format !== 'raw') return convert(session, base.image());
        const content = `${session.workspace.path}/content`;
        await renameOnce(session.host.filesystem, content, basePath(session));
      });
    case 'snapshot':
      return {
        ...draftStep(`copy snapshot ${base.snapshot.name}`, async (session) => {
          const content = await privateContent(session, base.origin, base.snapshot);
          if (content.format !== 'raw') return convert(session, content);
          await renameOnce(session.host.filesystem, content.path, basePath(session));
        }),
        bytes: base.snapshot.sizeBytes,
      };
  }
}

function sizeStep(config: Config, order: CreateOrder): Step {
  const size = order.sizeBytes === 0 ? 'as large as its content' : `${order.sizeBytes} bytes`;
  return {
    description: `make it ${size}, and describe it`,
    async run(session) {
      const { filesystem } = session.host;
      const sizeBytes = finalSize(order);
      checkSize(sizeBytes);
      await filesystem.truncate(basePath(session), sizeBytes);
      await reserveSpace(session, config, basePath(session), sizeBytes);
      await filesystem.createText(
        descriptorPath(draftPath(session)),
        await formatDescriptor(newDescriptor(sizeBytes)),
      );
      await filesystem.sync(basePath(session));
    },
  };
}

/** There is no disk.info for ploop (B119): its record tells. */
function publishStep(config: Config, order: CreateOrder): Step {
  return {
    description: `publish it as ${imagePath(config, order.address)}`,
    async run(session) {
      await publish(session.host.filesystem, {
        workspace: session.workspace,
        file: draft,
        isDirectory: true,
        record: recordOf(session, order, { type: 'ploop', format: 'ploop' }),
      });
    },
  };
}

/** The last step of making an image that is a file: its record, its format in disk.info, and then the file itself. */
import type { Config, ImageType } from '../../config/config.ts';
import { imagePath } from '../../config/layout.ts';
import type { Session, Step } from '../../operations/step.ts';
import { publish } from '../../workspace/publish.ts';
import type { CreateOrder } from '../driver.ts';
import { formatChange } from './disk-info.ts';
import { recordOf } from '../image-record.ts';

/** Name of the file in the workspace that becomes the disk. */
export const draftFile = 'disk';

export function draftPath(session: Session): string {
  return `${session.workspace.path}/${draftFile}`;
}

export function publishImageStep(
  config: Config,
  order: CreateOrder,
  image: { type: ImageType; format: () => string },
): Step {
  const { address, sizeBytes } = order;
  const path = imagePath(config, address);
  return {
    description: `publish it as ${path}`,
    ...(config.preallocateImages === 'space' ? { bytes: sizeBytes } : {}),
    async run(session) {
      const { host, workspace } = session;
      await reserveSpace(session, config, draftPath(session), sizeBytes);
      const record = recordOf(session, order, { type: image.type, format: image.format() });
      await publish(host.filesystem, {
        workspace,
        file: draftFile,
        record,
        alongside: formatChange(host, config, workspace, address.instance, {
          path,
          format: record.format,
        }),
      });
    },
  };
}

/** `preallocate_images = "space"` (B017): found out on the very filesystem, and not each and all can (D15). */
export async function reserveSpace(
  session: Session,
  config: Config,
  path: string,
  sizeBytes: number,
): Promise<void> {
  if (config.preallocateImages !== 'space' || sizeBytes === 0) return;
  const { filesystem, events } = session.host;
  try {
    await filesystem.allocate(path, sizeBytes);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code !== 'EOPNOTSUPP' && code !== 'ENOTSUP') throw error;
    events.emit({ type: 'warning', message: 'the filesystem cannot reserve space for images' });
  }
}

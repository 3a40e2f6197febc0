/** The last step of making an image that is a file: its record, its format in disk.info, and then the file itself. */
import type { Config, ImageType } from '../../config/config.ts';
import { imagePath } from '../../config/layout.ts';
import type { Session, Step } from '../../operations/step.ts';
import { statAnew } from '../../workspace/once.ts';
import { publish } from '../../workspace/publish.ts';
import { isHostError } from '../../errors.ts';
import type { Filesystem, FileStat } from '../../ports/filesystem.ts';
import { sectorBytes } from '../../sizes.ts';
import type { CreateOrder, ImageFacts, Making } from '../driver.ts';
import { formatChange } from './disk-info.ts';
import { recordOf, type ImageRecord } from '../image-record.ts';

/** Name of the file in the workspace that becomes the disk. */
export const draftFile = 'disk';

export function draftPath(session: Session): string {
  return `${session.workspace.path}/${draftFile}`;
}

/** What a new image is, where that is known without reading it. */
export interface NewContent {
  readonly virtualSizeBytes: number;
  readonly backing: string | null;
}

/** Makes it by these steps and publishes it; `content` tells what was made, by the length of its file. */
export function makingOf(
  config: Config,
  order: CreateOrder,
  image: { type: ImageType; format: string },
  how: { steps: readonly Step[]; content(fileBytes: number): NewContent | undefined },
): Making {
  let made: ImageFacts | undefined;
  const onPublished = (published: Published) => {
    const content = how.content(published.stat.sizeBytes);
    if (content !== undefined) made = newFacts(config, order, published, content);
  };
  return {
    steps: [...how.steps, publishImageStep(config, order, image, onPublished)],
    made: () => made,
  };
}

interface Published {
  readonly id: string;
  readonly record: ImageRecord;
  readonly stat: FileStat;
}

function newFacts(
  config: Config,
  { address }: CreateOrder,
  { id, record, stat }: Published,
  content: NewContent,
): ImageFacts {
  const { format, template, templateSha256, method, createdAt } = record;
  return {
    address,
    path: imagePath(config, address),
    format,
    ...content,
    granuleBytes: sectorBytes,
    allocatedBytes: stat.allocatedBytes,
    template,
    templateSha256,
    snapshots: [],
    method,
    createdAt,
    recordId: id,
  };
}

function publishImageStep(
  config: Config,
  order: CreateOrder,
  image: { type: ImageType; format: string },
  onPublished: (published: Published) => void,
): Step {
  const { address, sizeBytes } = order;
  const path = imagePath(config, address);
  return {
    description: `publish it as ${path}`,
    ...(config.preallocateImages === 'space' ? { bytes: sizeBytes } : {}),
    async run(session) {
      const { host, workspace } = session;
      await reserveSpace(session, config, draftPath(session), sizeBytes);
      const record = recordOf(session, order, image);
      await publish(host.filesystem, {
        workspace,
        file: draftFile,
        record,
        alongside: formatChange(host, config, workspace, address.instance, {
          path,
          format: record.format,
        }),
      });
      // The image is there: a look that fails is another look's matter.
      const stat = await lookAtLeisure(host.filesystem, draftPath(session));
      if (stat !== undefined) onPublished({ id: workspace.id, record, stat });
    },
  };
}

async function lookAtLeisure(filesystem: Filesystem, path: string): Promise<FileStat | undefined> {
  try {
    return await statAnew(filesystem, path);
  } catch (error) {
    if (!isHostError(error)) throw error;
    return undefined;
  }
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

/** Deals with what interrupted operations on one image have left: the operation itself does nothing else. */
import { PlatterError, type ErrorCode } from '../../errors.ts';
import { imagePath, instanceDirectory, reservePath } from '../../config/layout.ts';
import type { Operation } from '../../operations/perform.ts';
import type { Step } from '../../operations/step.ts';
import type { Filesystem } from '../../ports/filesystem.ts';
import { listDirectory, removeIfEmpty, snapshotsPath } from '../../workspace/area.ts';
import { exists } from '../../workspace/once.ts';
import { readRecord, removeRecord } from '../../workspace/record.ts';
import { imageOperation, type ImageHandle } from '../context.ts';
import { readDiskInfo, setFormat } from '../files/disk-info.ts';
import { findImage } from '../find.ts';
import { clearKeptSteps } from '../recover-export.ts';

/**
 * Leftover workspaces are dealt with before every operation; here go the traces of images that are not there, and what
 * exports have left elsewhere.
 */
export function recoverOperation(image: ImageHandle): Operation<void> {
  return {
    ...imageOperation(image, 'recover'),
    reserve: reservePath(image.config),
    async prepare() {
      const { host, config, address } = image;
      const directory = instanceDirectory(config, address.instance);
      const steps = await clearKeptSteps(host, directory, address.disk);
      const forgetting = (await isThere(image)) ? [] : await forgetSteps(image);
      return { steps: [...steps, ...forgetting], result: () => Promise.resolve() };
    },
  };
}

/** CONFIG_INVALID: it is in another pool or volume group. */
const notToBeJudged: ReadonlySet<ErrorCode> = new Set([
  'CORRUPT',
  'UNSAFE_IMAGE',
  'CONFIG_INVALID',
]);

/** Whatever cannot be read, must not be opened, or cannot be seen from here, is there. */
async function isThere(image: ImageHandle): Promise<boolean> {
  try {
    return (await findImage(image, image.address)) !== undefined;
  } catch (error) {
    if (PlatterError.is(error) && notToBeJudged.has(error.code)) return true;
    throw error;
  }
}

async function forgetSteps(image: ImageHandle): Promise<readonly Step[]> {
  const { host, config, address } = image;
  const directory = instanceDirectory(config, address.instance);
  const record = await readRecord(host.filesystem, directory, address.disk);
  const path = imagePath(config, address);
  const formats = await readDiskInfo(host.filesystem, directory);
  const steps: Step[] = [];
  if (record !== undefined) {
    steps.push({
      description: 'forget the record of an image that is gone',
      run: (session) => removeRecord(session.host.filesystem, directory, address.disk, record.id),
    });
  }
  if (path in formats) {
    steps.push({
      description: 'forget the format of an image that is gone',
      run: (session) =>
        setFormat(session.host, config, session.workspace, address.instance, {
          path,
          format: undefined,
        }),
    });
  }
  const snapshots = snapshotsPath(directory, address.disk);
  if (await isEmptyDirectory(host.filesystem, snapshots)) {
    steps.push({
      description: 'remove the directory in which the snapshots of an image were that is gone',
      run: async (session) => void (await removeIfEmpty(session.host.filesystem, snapshots)),
    });
  }
  return steps;
}

/** A power cut may bring back a directory, and not what was in it. */
async function isEmptyDirectory(filesystem: Filesystem, path: string): Promise<boolean> {
  return (await exists(filesystem, path)) && (await listDirectory(filesystem, path)).length === 0;
}

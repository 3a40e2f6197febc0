/** What images have to do with an image service (B096-B102, B108-B110), and with files made beside them (B114). */
import { messageOf, PlatterError, reporting } from '../errors.ts';
import { imageSource } from '../ingress/source.ts';
import { imageAddress } from '../names.ts';
import { perform, type OperationOptions } from '../operations/perform.ts';
import type { Session } from '../operations/step.ts';
import type { ImageMetadata } from '../ports/image-api.ts';
import { tidy } from '../workspace/area.ts';
import { imageOperation, requireImage, unsupported, type ImageHandle } from './context.ts';
import type { ImageFacts, Sharing } from './driver.ts';
import { createOperation } from './operations/create.ts';

export async function cloneImage(
  image: ImageHandle,
  imageIdOrUri: string,
  options: OperationOptions,
): Promise<ImageFacts | undefined> {
  sharingOf(image, `clone of ${imageIdOrUri}`, 'cache() copies it or leans on it');
  const metadata = await reporting(`find the image ${imageIdOrUri}`, () =>
    describeShared(image, imageIdOrUri),
  );
  const source = { kind: 'shared', image: metadata } as const;
  const request = { source, sizeBytes: undefined, ifExists: 'fail' } as const;
  const { facts } = await perform(image.host, createOperation(image, request), options);
  return facts;
}

/** An address says itself where the image is; nobody then declares its format, so that it has to be raw. */
async function describeShared(image: ImageHandle, idOrUri: string): Promise<ImageMetadata> {
  if (!idOrUri.includes('://')) return image.imageApi.get(idOrUri);
  return { id: idOrUri, diskFormat: 'raw', locations: [idOrUri] };
}

/** The driver's way to share; NOT_SUPPORTED where it has none. */
function sharingOf({ driver }: ImageHandle, what: string, hint: string): Sharing {
  if (driver.sharing !== undefined) return driver.sharing;
  throw unsupported(driver.type, what, hint);
}

/** Resolves to the location of the new image. */
export async function directSnapshot(
  image: ImageHandle,
  order: { snapshot: string; imageId: string },
  options: OperationOptions,
): Promise<string> {
  const hint = 'snapshotExtract() copies the content into a file';
  const sharing = sharingOf(image, 'direct snapshots', hint);
  return perform(
    image.host,
    {
      ...imageOperation(image, 'direct snapshot'),
      async prepare(session) {
        const facts = await requireImage(image);
        const { steps, location } = await sharing.directSnapshot(facts, order, session);
        return { steps, result: () => Promise.resolve(location) };
      },
    },
    options,
  );
}

export async function cleanupDirectSnapshot(
  image: ImageHandle,
  location: string,
  options: OperationOptions & { destroy: boolean },
): Promise<void> {
  const { sharing } = image.driver;
  if (sharing === undefined) return;
  await perform(
    image.host,
    {
      ...imageOperation(image, 'direct snapshot cleanup'),
      async prepare() {
        const steps = await sharing.cleanUp(location, options);
        return { steps, result: forgetInstance };
      },
    },
    options,
  );
}

/** The disk may be gone long since, and its instance with it: the workspace was all that there was of it then. */
async function forgetInstance({ host, workspace }: Session): Promise<void> {
  await tidy(host.filesystem, workspace.directory).catch((error: unknown) => {
    host.events.emit({ type: 'warning', message: `cannot clear up after it: ${messageOf(error)}` });
  });
}

/** The new image takes the place of one that is there when it is finished, so that nothing is lost when it fails before. */
export async function importFile(
  image: ImageHandle,
  { localFile, remoteName }: { localFile: string; remoteName: string },
  options: OperationOptions,
): Promise<void> {
  if (image.driver.sharing === undefined) return;
  const target = { ...image, address: imageAddress(image.address.instance, remoteName) };
  const source = imageSource(localFile);
  if (source.kind !== 'path') {
    throw new PlatterError('INVALID_ARGUMENT', 'a local file is imported by its absolute path');
  }
  const request = {
    source: { kind: 'received', source, format: 'raw' },
    sizeBytes: undefined,
    ifExists: 'replace',
  } as const;
  await perform(image.host, createOperation(target, request), options);
}

/** What the operations on images work with. */
import type { Config, ImageType } from '../config/config.ts';
import { instanceDirectory, locksDirectory } from '../config/layout.ts';
import { PlatterError } from '../errors.ts';
import { formatAddress, type ImageAddress } from '../names.ts';
import type { Operation, Outcome } from '../operations/perform.ts';
import type { Session } from '../operations/step.ts';
import type { Host } from '../ports/host.ts';
import type { ImageApi } from '../ports/image-api.ts';
import type { Templates } from '../templates/templates.ts';
import { takenAway } from '../workspace/taken-away.ts';
import type { Intent, Workspace } from '../workspace/workspace.ts';
import type { Driver, ImageFacts } from './driver.ts';
import { lookForRecord } from './image-record.ts';
import { findToRemove } from './find.ts';
import { forgetTakenImage } from './forget.ts';
import { recoverUnpublished } from './recover-unpublished.ts';
import { exportedSnapshot, exportIntent, recoverExport } from './recover-export.ts';
import { driverOfIntent, type Drivers } from './drivers.ts';

export interface EngineContext {
  readonly host: Host;
  readonly config: Config;
  readonly templates: Templates;
  readonly drivers: Drivers;
  readonly imageApi: ImageApi;
}

/** An image that may or may not exist yet, in the hands of one driver. */
export interface ImageHandle extends EngineContext {
  readonly address: ImageAddress;
  readonly driver: Driver;
  /** Of the secret, should the image be encrypted. */
  readonly keyId: string;
}

/** The lock under which every operation on an image runs. */
export function imageOperationLock(config: Config, { instance, disk }: ImageAddress) {
  return { directory: locksDirectory(config), name: `image~${instance}~${disk}` };
}

/** What all operations on one image have in common. */
export function imageOperation(image: ImageHandle, name: string) {
  const { config, address } = image;
  return {
    name,
    target: formatAddress(address),
    directory: instanceDirectory(config, address.instance),
    subject: address.disk,
    lock: imageOperationLock(config, address),
    slots: config.maxConcurrentDiskOps,
    limits: config.limits,
    // By the driver that began it, whichever works on the image now.
    recover: async (session, leftover, intent) => {
      const taken = await takenAway(session.host.filesystem, leftover);
      const outcome = await recoverImage(image, session, leftover, intent);
      if (taken === undefined) return outcome;
      await forgetTakenImage(session, config, leftover, taken);
      return 'finished';
    },
  } satisfies Partial<Operation<unknown>>;
}

async function recoverImage(
  { config, address, drivers }: ImageHandle,
  session: Session,
  leftover: Workspace,
  intent: Intent | undefined,
): Promise<Outcome> {
  if (intent === undefined) return recoverUnpublished(session, config, address, leftover);
  const driver = driverOfIntent(drivers, leftover, intent);
  if (intent.operation !== exportIntent) return driver.recover(session, leftover, intent);
  await driver.endExport?.(session, leftover, exportedSnapshot(intent));
  return recoverExport(session, leftover, intent);
}

/** The image as it is now; NOT_FOUND when there is none. */
export async function requireImage({ driver, address }: ImageHandle): Promise<ImageFacts> {
  return (await driver.find(address)) ?? absent(driver, address);
}

/** The same for who only removes it: it may be damaged. */
export async function requireRemovable({ driver, address }: ImageHandle): Promise<ImageFacts> {
  return (await findToRemove(driver, address)) ?? absent(driver, address);
}

function absent(driver: Driver, address: ImageAddress): never {
  throw new PlatterError('NOT_FOUND', `there is no image ${formatAddress(address)}`, {
    details: { ...address, backend: driver.type },
    hint: 'platter image list',
  });
}

/** The image, for tools to open. */
export async function requireOpenable(image: ImageHandle): Promise<ImageFacts> {
  const facts = await requireImage(image);
  await image.driver.checkReferences?.(facts);
  return facts;
}

/**
 * Of an image that a virtual machine is about to open, if it is there yet: it would follow what the header names, like any
 * tool.
 */
export async function requireHarmless(image: ImageHandle): Promise<void> {
  const { host, config, driver, address } = image;
  if (driver.checkReferences === undefined) return;
  const look = await lookForRecord(host, config, address);
  if (look.record.recorded !== undefined) return;
  const facts = await driver.find(address, look);
  if (facts !== undefined) await driver.checkReferences(facts);
}

export function unsupported(type: ImageType, what: string, hint?: string): PlatterError {
  return new PlatterError('NOT_SUPPORTED', `${type} images have no ${what}`, {
    details: { backend: type },
    hint,
  });
}

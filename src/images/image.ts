/**
 * One disk of one instance: the interface of Nova's image backends, in camelCase.
 *
 * Making an Image touches nothing. Every method that changes something takes the lock of the image, finishes or undoes
 * what an earlier operation left, and is safe to repeat.
 */
import { afterwards, PlatterError, reporting } from '../errors.ts';
import {
  libvirtDisk,
  libvirtFilesystem,
  type DiskRequest,
  type FilesystemRequest,
  type LibvirtDisk,
  type LibvirtFilesystem,
} from '../libvirt/describe.ts';
import { checkName, formatAddress, type ImageAddress } from '../names.ts';
import { perform, plan, type OperationOptions } from '../operations/perform.ts';
import type { Plan } from '../operations/step.ts';
import { operationOf, type ImageChange } from './change.ts';
import { requireHarmless, requireImage, unsupported, type ImageHandle } from './context.ts';
import { describeImage, type ImageDescription } from './describe.ts';
import type { Capabilities, ImageFacts, SnapshotFacts } from './driver.ts';
import {
  cacheImage,
  createImage,
  planCreateImage,
  type CacheRequest,
  type CreateImageRequest,
} from './making.ts';
import type { ImageModel } from './model.ts';
import { cleanupDirectSnapshot, cloneImage, directSnapshot, importFile } from './sharing.ts';
import { diskSize, verifyBaseSize } from './sizing.ts';

export interface ExtractOptions extends OperationOptions {
  /** Takes the content of this snapshot instead of the current one. */
  readonly snapshot?: string | undefined;
}

/** What `createSnap` and its like did; on a backend or filesystem without snapshots they do nothing and say so. */
export interface SnapshotOutcome {
  readonly done: boolean;
  readonly reason?: string;
}

export class Image {
  readonly #handle: ImageHandle;

  /** Use `Backend.image` and `Backend.snapshot`. */
  constructor(handle: ImageHandle) {
    this.#handle = handle;
  }

  get address(): ImageAddress {
    return this.#handle.address;
  }

  /** The backend that holds it: `flat`, `qcow2`, `lvm`, `rbd` or `ploop`. */
  get type(): string {
    return this.#handle.driver.type;
  }

  /** What libvirt is given; also of an image that does not exist yet. */
  get path(): string {
    return this.#handle.driver.path(this.#handle.address);
  }

  /**
   * Makes the image of a template, which is fetched once whoever asks for it. An image that is there is left as it is,
   * but grown when a larger size is asked for. SIZE_TOO_SMALL when the template is larger than the size.
   */
  async cache(request: CacheRequest): Promise<ImageDescription> {
    return this.#describe(await cacheImage(this.#handle, request));
  }

  /** Makes the image; ALREADY_EXISTS when it is there. */
  async createImage(request: CreateImageRequest = {}): Promise<ImageDescription> {
    return this.#describe(await createImage(this.#handle, request));
  }

  #describe(facts: ImageFacts | undefined): Promise<ImageDescription> {
    if (facts === undefined) return afterwards(this.info());
    return Promise.resolve(describeImage({ driver: this.#handle.driver, facts }));
  }

  /** What `createImage` would do. */
  planCreate(request: CreateImageRequest): Promise<Plan> {
    return planCreateImage(this.#handle, request);
  }

  /** What any other change would do. */
  async plan(change: ImageChange): Promise<Plan> {
    return plan(this.#handle.host, operationOf(this.#handle, change));
  }

  async #perform(change: ImageChange, options: OperationOptions): Promise<void> {
    await perform(this.#handle.host, operationOf(this.#handle, change), options);
  }

  #read<Value>(what: string, read: (image: ImageHandle) => Promise<Value>): Promise<Value> {
    return reporting(`${what} ${formatAddress(this.address)}`, () => read(this.#handle));
  }

  exists(): Promise<boolean> {
    return this.#read('find', async ({ driver, address }) => {
      return (await driver.find(address)) !== undefined;
    });
  }

  /** NOT_FOUND when there is no such image. */
  info(): Promise<ImageDescription> {
    return this.#read('show', async (image) =>
      describeImage({ driver: image.driver, facts: await requireImage(image) }),
    );
  }

  capabilities(): Promise<Capabilities> {
    return this.#read('examine', ({ driver, address }) => driver.capabilities(address));
  }

  /** UNSAFE_IMAGE where the image is there and its header leads out of it and of the store. */
  getModel(): Promise<ImageModel> {
    return this.#handOut('examine', ({ driver, address }) => driver.model(address));
  }

  /** The `<disk>` element of a libvirt domain; UNSAFE_IMAGE as `getModel`. */
  libvirtInfo(request: DiskRequest = {}): Promise<LibvirtDisk> {
    return this.#handOut('describe', async ({ host, config, driver, address }) =>
      libvirtDisk(host, config, await driver.libvirtSource(address), request),
    );
  }

  /** The `<filesystem>` element of a libvirt container; UNSAFE_IMAGE as `getModel`. */
  libvirtFsInfo(request: FilesystemRequest): Promise<LibvirtFilesystem> {
    return this.#handOut('describe', async ({ driver, address }) =>
      libvirtFilesystem(await driver.libvirtSource(address), request),
    );
  }

  #handOut<Value>(what: string, read: (image: ImageHandle) => Promise<Value>): Promise<Value> {
    return this.#read(what, async (image) => {
      await requireHarmless(image);
      return read(image);
    });
  }

  isFileInInstancePath(): boolean {
    return this.#handle.driver.isFileInInstancePath;
  }

  isSharedBlockStorage(): boolean {
    return this.#handle.driver.isSharedBlockStorage;
  }

  /** The format of the disk: decided once, recorded, and never probed (B030-B036). */
  async resolveDriverFormat(): Promise<string> {
    return (await this.info()).format;
  }

  /** Virtual size of the image, or of the template or image file at `path`. */
  getDiskSize(path?: string): Promise<number> {
    return this.#read('measure', (image) => diskSize(image, path));
  }

  /**
   * SIZE_TOO_SMALL when the template (by its name, or the path of its file) is larger than the size. Without a size
   * there is nothing to check; 0 means the template's size.
   */
  verifyBaseSize(base: string, sizeBytes?: number, baseSizeBytes?: number): Promise<void> {
    return this.#read('check the size of', (image) =>
      verifyBaseSize(image, base, sizeBytes, baseSizeBytes),
    );
  }

  /** Grows to this size, or by it with `isRelative`. CANNOT_SHRINK when it is below the current one. */
  resizeImage(
    sizeBytes: number,
    options: OperationOptions & { isRelative?: boolean } = {},
  ): Promise<void> {
    const isRelative = options.isRelative ?? false;
    return this.#perform({ kind: 'resize', sizeBytes, isRelative }, options);
  }

  /** Afterwards it leans on nothing. */
  flatten(options: OperationOptions = {}): Promise<void> {
    return this.#perform({ kind: 'flatten' }, options);
  }

  /** Removes the image with its snapshots. IN_USE while somebody has it open or leans on it. */
  destroy(options: OperationOptions & { wipe?: boolean } = {}): Promise<void> {
    return this.#perform({ kind: 'destroy', wipe: options.wipe ?? false }, options);
  }

  /** Copies the content into a new file at an absolute path. ALREADY_EXISTS when there is one. */
  snapshotExtract(target: string, format?: string, options: ExtractOptions = {}): Promise<void> {
    if (!target.startsWith('/')) {
      throw new PlatterError('INVALID_ARGUMENT', 'the path to export to is not absolute', {
        details: { target },
      });
    }
    return this.#perform({ kind: 'export', target, format, snapshot: options.snapshot }, options);
  }

  /** Oldest first. */
  listSnaps(): Promise<readonly SnapshotFacts[]> {
    return this.#read(
      'list the snapshots of',
      async (image) => (await requireImage(image)).snapshots,
    );
  }

  createSnap(name: string, options: OperationOptions = {}): Promise<SnapshotOutcome> {
    return this.#ifSnapshots(name, () => this.#perform({ kind: 'create snapshot', name }, options));
  }

  /** NOT_FOUND when there is none of that name, unless errors are ignored (B105). */
  removeSnap(
    name: string,
    options: OperationOptions & { ignoreErrors?: boolean } = {},
  ): Promise<SnapshotOutcome> {
    const ignoreErrors = options.ignoreErrors ?? false;
    return this.#ifSnapshots(name, () =>
      this.#perform({ kind: 'delete snapshot', name, ignoreErrors }, options),
    );
  }

  /** Brings back content and size; the snapshot stays. */
  rollbackToSnap(name: string, options: OperationOptions = {}): Promise<SnapshotOutcome> {
    return this.#ifSnapshots(name, () =>
      this.#perform({ kind: 'restore snapshot', name }, options),
    );
  }

  async #ifSnapshots(name: string, act: () => Promise<void>): Promise<SnapshotOutcome> {
    checkName('snapshot', name);
    const { snapshots } = await this.capabilities();
    if (!snapshots) {
      const { message } = unsupported(this.#handle.driver.type, 'snapshots here');
      this.#handle.host.events.emit({ type: 'warning', message });
      return { done: false, reason: message };
    }
    await act();
    return { done: true };
  }

  /**
   * Takes an image of an image service, by its id or address, without copying it. NOT_SUPPORTED where it cannot be
   * shared (B096-B102); the template store is asked for ids unless the backend was given another service.
   */
  async clone(imageIdOrUri: string, options: OperationOptions = {}): Promise<ImageDescription> {
    return this.#describe(await cloneImage(this.#handle, imageIdOrUri, options));
  }

  /**
   * Makes `remoteName`, another disk of the instance, of a local raw file, in the place of one that is there (B114): that goes
   * when the new one is finished. IN_USE where that is open, has snapshots, or others lean on it. Nothing to do where images
   * are local: there the file is in the store already.
   */
  importFile(localFile: string, remoteName: string, options: OperationOptions = {}): Promise<void> {
    return importFile(this.#handle, { localFile, remoteName }, options);
  }

  /**
   * Makes an image of an image service of the current content, without copying it through this host; resolves to its
   * location. NOT_SUPPORTED where images cannot be shared.
   */
  async directSnapshot(
    snapshot: string,
    imageId: string,
    options: OperationOptions = {},
  ): Promise<string> {
    return directSnapshot(this.#handle, { snapshot, imageId }, options);
  }

  /** Takes back what `directSnapshot` made, and the image itself with `destroy`; nothing to do without a location. */
  async cleanupDirectSnapshot(
    location: string | undefined,
    options: OperationOptions & { destroy?: boolean } = {},
  ): Promise<void> {
    if (location === undefined || location === '') return;
    const destroy = options.destroy ?? false;
    await cleanupDirectSnapshot(this.#handle, location, { ...options, destroy });
  }
}
